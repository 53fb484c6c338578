package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net"
	"strings"
)

// dial understands unix:/path, which passthrough hands on as it is.
func dial(ctx context.Context, address string) (net.Conn, error) {
	var dialer net.Dialer
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		return dialer.DialContext(ctx, "unix", path)
	}
	return dialer.DialContext(ctx, "tcp", address)
}

func jsonRequest() []byte {
	body, err := json.Marshal(map[string]any{
		"CiphertextBlob":               base64.StdEncoding.EncodeToString(ciphertext),
		"SourceKeyId":                  sourceKey,
		"SourceEncryptionContext":      oldContext,
		"DestinationKeyId":             destinationKey,
		"DestinationEncryptionContext": newContext,
	})
	if err != nil {
		panic(err)
	}
	return body
}
