// Command embedded re-encrypts through an endpoint with the AWS SDK for Go v2 and prints what it
// saw as one JSON object. The SDK's errors.As must find each modelled exception by its type.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
)

type credentials struct{}

func (credentials) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY")}, nil
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	ctx := context.Background()
	client := kms.New(kms.Options{
		BaseEndpoint: aws.String(os.Args[1]),
		Region:       "us-east-1",
		Credentials:  credentials{},
	})
	source := must(client.CreateKey(ctx, &kms.CreateKeyInput{})).KeyMetadata
	destination := must(client.CreateKey(ctx, &kms.CreateKeyInput{})).KeyMetadata
	tenant := map[string]string{"tenant": "acme", "ключ": "значение"}
	made := must(client.Encrypt(ctx, &kms.EncryptInput{
		KeyId: source.Arn, Plaintext: []byte("secret"), EncryptionContext: tenant,
	}))
	request := kms.ReEncryptInput{
		CiphertextBlob: made.CiphertextBlob, SourceKeyId: source.KeyId, SourceEncryptionContext: tenant,
		DestinationKeyId: destination.KeyId, DestinationEncryptionContext: tenant,
	}
	moved := must(client.ReEncrypt(ctx, &request))
	opened := must(client.Decrypt(ctx, &kms.DecryptInput{
		CiphertextBlob: moved.CiphertextBlob, EncryptionContext: tenant,
	}))

	attempt := func(change func(*kms.ReEncryptInput)) error {
		changed := request
		change(&changed)
		_, err := client.ReEncrypt(ctx, &changed)
		return err
	}
	var notFound *types.NotFoundException
	var invalid *types.InvalidCiphertextException
	var incorrect *types.IncorrectKeyException
	var dryRun *types.DryRunOperationException
	var api smithy.APIError
	validation := attempt(func(in *kms.ReEncryptInput) { in.CiphertextBlob = make([]byte, 6145) })
	code := ""
	if errors.As(validation, &api) {
		code = api.ErrorCode()
	}
	print(map[string]any{
		"same plaintext": bytes.Equal(opened.Plaintext, []byte("secret")),
		"keys reported":  *moved.SourceKeyId == *source.Arn && *moved.KeyId == *destination.Arn,
		"materials":      len(*moved.SourceKeyMaterialId) + len(*moved.DestinationKeyMaterialId),
		"NotFoundException": errors.As(attempt(func(in *kms.ReEncryptInput) {
			in.DestinationKeyId = aws.String("alias/none")
		}), &notFound),
		"InvalidCiphertextException": errors.As(attempt(func(in *kms.ReEncryptInput) {
			in.SourceEncryptionContext = nil
		}), &invalid),
		"IncorrectKeyException": errors.As(attempt(func(in *kms.ReEncryptInput) {
			in.SourceKeyId = destination.KeyId
		}), &incorrect),
		"DryRunOperationException": errors.As(attempt(func(in *kms.ReEncryptInput) {
			in.DryRun = aws.Bool(true)
		}), &dryRun),
		"validation": code,
	})
}

func print(seen map[string]any) {
	if err := json.NewEncoder(os.Stdout).Encode(seen); err != nil {
		log.Fatal(err)
	}
}
