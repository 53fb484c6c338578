// The same by an unchanged AWS SDK for Go: it speaks AWS's own protocol to the proxy's KMS endpoint.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: example CIPHERTEXT_FILE RESULT_FILE")
		os.Exit(64)
	}
	err := reEncrypt(os.Args[1], os.Args[2])
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "re-encrypt:", printable(err.Error()))
	var refused smithy.APIError
	switch {
	case !errors.As(err, &refused):
		os.Exit(69)
	case refused.ErrorCode() == "AccessDeniedException":
		os.Exit(77)
	default:
		os.Exit(70)
	}
}

func reEncrypt(source, result string) error {
	ciphertext, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	settings, err := config.LoadDefaultConfig(ctx, config.WithRegion(setting("AWS_REGION", "us-east-1")))
	if err != nil {
		return err
	}
	client := kms.NewFromConfig(settings, func(options *kms.Options) {
		options.BaseEndpoint = aws.String(setting("PROXY_ENDPOINT", "http://127.0.0.1:50080"))
	})
	answer, err := client.ReEncrypt(ctx, &kms.ReEncryptInput{
		CiphertextBlob:               ciphertext,
		SourceKeyId:                  aws.String(setting("SOURCE_KEY_ID", "alias/demo-source")),
		SourceEncryptionContext:      map[string]string{"tenant": setting("SOURCE_TENANT", "acme")},
		DestinationKeyId:             aws.String(setting("DESTINATION_KEY_ID", "alias/demo-destination")),
		DestinationEncryptionContext: map[string]string{"tenant": setting("DESTINATION_TENANT", "acme")},
	})
	if err != nil {
		return err
	}
	fmt.Println("released under", printable(*answer.KeyId))
	return os.WriteFile(result, answer.CiphertextBlob, 0o600)
}

func setting(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

// printable replaces what a terminal would obey instead of showing.
func printable(text string) string {
	return strings.Map(func(letter rune) rune {
		if unicode.IsControl(letter) {
			return unicode.ReplacementChar
		}
		return letter
	}, text)
}
