// An API of your own with Go's standard library, guarded by Vestibule's access tokens and sessions: docs/guarding.md
// explains.
//
//	ISSUER=https://auth.example.com ORIGINS=https://app.example.com go run .
package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

var (
	issuer   = os.Getenv("ISSUER") // Vestibule's URL
	audience = variable("AUDIENCE", "vestibule")
	origins  = strings.Fields(os.Getenv("ORIGINS"))       // whose pages may change something
	kept     = seconds(variable("SESSION_SECONDS", "10")) // how long a logout may go unnoticed
	pause    = seconds(variable("PAUSE_SECONDS", "30"))
	client   = &http.Client{Timeout: 5 * time.Second}

	errUnauthorized = errors.New("unauthorized")
	errForged       = errors.New("forged")
	errUnavailable  = errors.New("unavailable")
)

func main() {
	if issuer == "" {
		log.Fatal("ISSUER must be Vestibule's URL")
	}
	http.HandleFunc("/by-token", greet(byToken))
	http.HandleFunc("/by-session", greet(bySession))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+variable("PORT", "8080"), nil))
}

// greet answers the account that accountOf finds.
func greet(accountOf func(*http.Request) (string, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		account, err := accountOf(r)
		switch {
		case errors.Is(err, errUnauthorized):
			w.Header().Set("WWW-Authenticate", "Bearer")
			w.WriteHeader(http.StatusUnauthorized)
		case errors.Is(err, errForged):
			w.WriteHeader(http.StatusForbidden)
		case err != nil:
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]string{"hello": account})
		}
	}
}

// byToken finds the account of an access token.
func byToken(r *http.Request) (string, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", errUnauthorized
	}
	return verify(token, time.Now())
}

type session struct {
	account string
	until   time.Time
}

var (
	sessions = map[[sha256.Size]byte]session{}
	lock     sync.Mutex
)

// bySession finds the account of a session, by the header of an app or the cookie of a browser.
func bySession(r *http.Request) (string, error) {
	if token := r.Header.Get("X-Session-Token"); token != "" {
		return ask("app", "X-Session-Token", token, r.UserAgent())
	}
	cookie, err := r.Cookie("sessionid")
	if err != nil || cookie.Value == "" {
		return "", errUnauthorized
	}
	// The cookie comes with requests that other sites forge, too.
	isSafe := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
	if !isSafe && !contains(origins, r.Header.Get("Origin")) {
		return "", errForged
	}
	return ask("browser", "Cookie", "sessionid="+cookie.Value, r.UserAgent())
}

// ask asks Vestibule whose session it is, or remembers.
func ask(kind, header, value, agent string) (string, error) {
	name := sha256.Sum256([]byte(kind + " " + value))
	lock.Lock()
	known, ok := sessions[name]
	lock.Unlock()
	if ok && time.Now().Before(known.until) {
		return known.account, nil
	}
	request, err := http.NewRequest(http.MethodGet, issuer+"/_allauth/"+kind+"/v1/auth/session", nil)
	if err != nil {
		return "", err
	}
	request.Header.Set(header, value)
	request.Header.Set("User-Agent", agent)
	answer, err := client.Do(request)
	if err != nil {
		return "", errUnavailable
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusGone {
		return "", errUnauthorized
	}
	var body struct {
		Data struct{ User struct{ ID string } }
	}
	if answer.StatusCode != http.StatusOK || json.NewDecoder(answer.Body).Decode(&body) != nil || body.Data.User.ID == "" {
		return "", errUnavailable
	}
	lock.Lock()
	defer lock.Unlock()
	if len(sessions) >= 10_000 {
		sessions = map[[sha256.Size]byte]session{}
	}
	sessions[name] = session{body.Data.User.ID, time.Now().Add(kept)}
	return body.Data.User.ID, nil
}

func contains(all []string, one string) bool {
	for _, each := range all {
		if each == one {
			return true
		}
	}
	return false
}

func variable(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func seconds(text string) time.Duration {
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		log.Fatal(err)
	}
	return time.Duration(number * float64(time.Second))
}
