package main

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"time"
)

// verify finds the account of an access token (RFC 7519).
func verify(token string, now time.Time) (string, error) {
	parts := strings.Split(token, ".")
	var header struct{ Alg, Kid string }
	if len(parts) != 3 || decode(parts[0], &header) != nil || header.Alg != "RS256" {
		return "", errUnauthorized
	}
	key, err := keys.find(header.Kid)
	if err != nil {
		return "", err
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	hash := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err != nil || rsa.VerifyPKCS1v15(key, crypto.SHA256, hash[:], signature) != nil {
		return "", errUnauthorized
	}
	var claims struct {
		Sub, Iss, Aud string
		Exp           float64
	}
	if decode(parts[1], &claims) != nil || claims.Iss != issuer || claims.Aud != audience || claims.Sub == "" {
		return "", errUnauthorized
	}
	if claims.Exp <= float64(now.Unix()) {
		return "", errUnauthorized
	}
	return claims.Sub, nil
}

func decode(part string, into any) error {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// keySet has the published keys. They are read again every five minutes, and when a token names another key: then after
// a pause at least.
type keySet struct {
	sync.Mutex
	known           map[string]*rsa.PublicKey
	readAt, askedAt time.Time
}

var keys keySet

func (k *keySet) find(kid string) (*rsa.PublicKey, error) {
	k.Lock()
	defer k.Unlock()
	key, isKnown := k.known[kid]
	if (!isKnown || time.Since(k.readAt) > 5*time.Minute) && time.Since(k.askedAt) > pause {
		k.askedAt = time.Now()
		// Known keys are good while they can't be read again.
		if known, err := published(); err == nil {
			k.known, k.readAt = known, time.Now()
		}
		key, isKnown = k.known[kid]
	}
	if !isKnown && k.readAt.Before(k.askedAt) {
		return nil, errUnavailable
	}
	if !isKnown {
		return nil, errUnauthorized
	}
	return key, nil
}

func published() (map[string]*rsa.PublicKey, error) {
	answer, err := client.Get(issuer + "/.well-known/jwks.json")
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var set struct {
		Keys []struct{ Kid, Kty, N, E string }
	}
	if answer.StatusCode != http.StatusOK {
		return nil, errUnavailable
	}
	if err := json.NewDecoder(answer.Body).Decode(&set); err != nil {
		return nil, err
	}
	known := map[string]*rsa.PublicKey{}
	for _, key := range set.Keys {
		n, wrongN := base64.RawURLEncoding.DecodeString(key.N)
		e, wrongE := base64.RawURLEncoding.DecodeString(key.E)
		if key.Kty == "RSA" && wrongN == nil && wrongE == nil {
			known[key.Kid] = &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
		}
	}
	return known, nil
}
