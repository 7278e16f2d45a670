const search = document.querySelector("input");
search.addEventListener("input", () => {
  const words = search.value.toLowerCase().split(/\s+/);
  for (const group of document.querySelectorAll("section")) {
    const entries = [...group.querySelectorAll(":scope > details")];
    for (const entry of entries) {
      const text = entry.textContent.toLowerCase();
      entry.hidden = !words.every((word) => text.includes(word));
    }
    group.hidden = entries.every((entry) => entry.hidden);
  }
});
