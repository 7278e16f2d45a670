// What an authenticator app shows (RFC 6238).

import { createHmac } from "node:crypto";

/** The current code of an authenticator app with this secret, or one of a moment later. */
export function totp(secret, steps = 0) {
  const bits = [...secret].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const mac = createHmac("sha1", key).update(counter).digest();
  const value = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(value % 1_000_000).padStart(6, "0");
}
