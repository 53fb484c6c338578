package main

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// newVerifier extends note.NewVerifier, which knows only Ed25519, by ECDSA: C2SP's signature
// type 2 over SHA-256, its key a DER SubjectPublicKeyInfo whose SHA-256 begins with the key's hash.
func newVerifier(vkey string) (note.Verifier, error) {
	name, rest, _ := strings.Cut(vkey, "+")
	hash, encoded, _ := strings.Cut(rest, "+")
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(key) == 0 || key[0] != 2 {
		return note.NewVerifier(vkey)
	}
	public, err := x509.ParsePKIXPublicKey(key[1:])
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(key[1:])
	if fmt.Sprintf("%x", sum[:4]) != hash {
		return nil, fmt.Errorf("the hash of %s is not that of its key", vkey)
	}
	return ecdsaVerifier{name, binary.BigEndian.Uint32(sum[:4]), public.(*ecdsa.PublicKey)}, nil
}

type ecdsaVerifier struct {
	name string
	hash uint32
	key  *ecdsa.PublicKey
}

func (v ecdsaVerifier) Name() string    { return v.name }
func (v ecdsaVerifier) KeyHash() uint32 { return v.hash }
func (v ecdsaVerifier) Verify(message, signature []byte) bool {
	digest := sha256.Sum256(message)
	return ecdsa.VerifyASN1(v.key, digest[:], signature)
}
