// Re-encrypts the ciphertext in a file through kms-reencrypt-proxy.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	pb "example/gen/reencryptv1"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: example CIPHERTEXT_FILE RESULT_FILE")
		os.Exit(64)
	}
	if err := reEncrypt(os.Args[1], os.Args[2]); err != nil {
		sentence, code := explain(err)
		fmt.Fprintln(os.Stderr, "re-encrypt:", printable(sentence))
		os.Exit(code)
	}
}

func reEncrypt(source, result string) error {
	ciphertext, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	connection, err := dial()
	if err != nil {
		return err
	}
	defer connection.Close()

	// The deadline covers the retries too. The proxy itself gives up after 30 s at most.
	limit, err := timeout()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	sourceKey := setting("SOURCE_KEY_ID", "alias/demo-source")
	answer, err := pb.NewReEncryptServiceClient(connection).ReEncrypt(ctx, &pb.ReEncryptRequest{
		CiphertextBlob:               ciphertext,
		SourceKeyId:                  &sourceKey,
		SourceEncryptionContext:      map[string]string{"tenant": setting("SOURCE_TENANT", "acme")},
		DestinationKeyId:             setting("DESTINATION_KEY_ID", "alias/demo-destination"),
		DestinationEncryptionContext: map[string]string{"tenant": setting("DESTINATION_TENANT", "acme")},
	})
	if err != nil {
		return err
	}
	if len(answer.CiphertextBlob) == 0 {
		return errors.New("the answer has no ciphertext")
	}
	if err := os.WriteFile(result, answer.CiphertextBlob, 0o600); err != nil {
		return err
	}
	fmt.Println(printable("released under " + answer.KeyId + " decision_id " + answer.DecisionId))
	return nil
}
