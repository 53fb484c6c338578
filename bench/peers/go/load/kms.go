package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	keyPrefix  = "arn:aws:kms:eu-west-1:111122223333:key/"
	materialID = "abababababababababababababababababababababababababababababababab"
)

// serveKms answers ReEncrypt and the reads of key facts in AWS JSON 1.1. Every key and alias exists.
func serveKms(args []string) error {
	flags := flag.NewFlagSet("kms", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:0", "where to listen")
	delay := flags.Duration("delay", 0, "how long every answer waits")
	if err := flags.Parse(args); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	blob := strings.Repeat("QUJD", 64)
	return http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if *delay > 0 {
			time.Sleep(*delay)
		}
		text := answer(strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "TrentService."), body, blob)
		header := w.Header()
		header["Content-Type"] = []string{"application/x-amz-json-1.1"}
		header["X-Amzn-Requestid"] = []string{"7a1f0000-0000-4000-8000-00000000f00d"}
		header["Content-Length"] = []string{strconv.Itoa(len(text))}
		_, _ = io.WriteString(w, text)
	}))
}

type request struct {
	KeyID       string `json:"KeyId"`
	Source      string `json:"SourceKeyId"`
	Destination string `json:"DestinationKeyId"`
}

func answer(operation string, body []byte, blob string) string {
	var asked request
	_ = json.Unmarshal(body, &asked)
	arn := arnOf(asked.KeyID)
	switch operation {
	case "ReEncrypt":
		return `{"CiphertextBlob":"` + blob + `","SourceKeyId":"` + arnOf(asked.Source) +
			`","KeyId":"` + arnOf(asked.Destination) +
			`","SourceEncryptionAlgorithm":"SYMMETRIC_DEFAULT","DestinationEncryptionAlgorithm":"SYMMETRIC_DEFAULT"` +
			`,"SourceKeyMaterialId":"` + materialID + `","DestinationKeyMaterialId":"` + materialID + `"}`
	case "DescribeKey":
		return `{"KeyMetadata":{"Arn":"` + arn + `","KeyId":"` + strings.TrimPrefix(arn, keyPrefix) +
			`","KeySpec":"SYMMETRIC_DEFAULT","KeyUsage":"ENCRYPT_DECRYPT","KeyState":"Enabled",` +
			`"KeyManager":"CUSTOMER","Origin":"AWS_KMS","MultiRegion":false,"Enabled":true}}`
	case "ListAliases":
		return `{"Aliases":[],"Truncated":false}`
	case "ListResourceTags":
		return `{"Tags":[{"TagKey":"team","TagValue":"payments"}],"Truncated":false}`
	}
	return `{}`
}

func arnOf(keyID string) string {
	if !strings.HasPrefix(keyID, "alias/") {
		if strings.HasPrefix(keyID, "arn:") {
			return keyID
		}
		return keyPrefix + keyID
	}
	sum := sha256.Sum256([]byte(keyID))
	text := hex.EncodeToString(sum[:16])
	return keyPrefix + text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}
