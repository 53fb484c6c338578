// Command embedded re-encrypts through an endpoint with the AWS SDK for Go v2 and prints what it
// saw as one JSON object. The SDK's errors.As must find each modelled exception by its type.
// With the names of two keys after the endpoint, it uses those and changes the tenant too, which a
// policy may deny; otherwise it makes two keys of its own.
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
	source, destination := keys(ctx, client)
	tenant := map[string]string{"tenant": "acme", "ключ": "значение"}
	made := must(client.Encrypt(ctx, &kms.EncryptInput{
		KeyId: source.Arn, Plaintext: []byte("secret"), EncryptionContext: tenant,
	}))
	request := kms.ReEncryptInput{
		CiphertextBlob: made.CiphertextBlob, SourceKeyId: aws.String(nameOf(2, source)), SourceEncryptionContext: tenant,
		DestinationKeyId: aws.String(nameOf(3, destination)), DestinationEncryptionContext: tenant,
	}
	moved := must(client.ReEncrypt(ctx, &request))
	opened := must(client.Decrypt(ctx, &kms.DecryptInput{
		CiphertextBlob: moved.CiphertextBlob, EncryptionContext: tenant,
	}))

	results := map[string]any{
		"same plaintext": bytes.Equal(opened.Plaintext, []byte("secret")),
		"keys reported":  *moved.SourceKeyId == *source.Arn && *moved.KeyId == *destination.Arn,
		"materials":      len(*moved.SourceKeyMaterialId) + len(*moved.DestinationKeyMaterialId),
	}
	attempt := func(change func(*kms.ReEncryptInput)) error {
		changed := request
		change(&changed)
		_, err := client.ReEncrypt(ctx, &changed)
		return err
	}
	if len(os.Args) > 2 {
		results["tenant changed"] = codeOf(attempt(func(in *kms.ReEncryptInput) {
			in.DestinationEncryptionContext = map[string]string{"tenant": "globex"}
		}))
		print(results)
		return
	}
	var notFound *types.NotFoundException
	var invalid *types.InvalidCiphertextException
	var incorrect *types.IncorrectKeyException
	var dryRun *types.DryRunOperationException
	results["NotFoundException"] = errors.As(attempt(func(in *kms.ReEncryptInput) {
		in.DestinationKeyId = aws.String("alias/none")
	}), &notFound)
	results["InvalidCiphertextException"] = errors.As(attempt(func(in *kms.ReEncryptInput) {
		in.SourceEncryptionContext = nil
	}), &invalid)
	results["IncorrectKeyException"] = errors.As(attempt(func(in *kms.ReEncryptInput) {
		in.SourceKeyId = destination.KeyId
	}), &incorrect)
	results["DryRunOperationException"] = errors.As(attempt(func(in *kms.ReEncryptInput) {
		in.DryRun = aws.Bool(true)
	}), &dryRun)
	results["validation"] = codeOf(attempt(func(in *kms.ReEncryptInput) {
		in.CiphertextBlob = make([]byte, 6145)
	}))
	print(results)
}

func keys(ctx context.Context, client *kms.Client) (source, destination *types.KeyMetadata) {
	if len(os.Args) > 2 {
		describe := func(name string) *types.KeyMetadata {
			return must(client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(name)})).KeyMetadata
		}
		return describe(os.Args[2]), describe(os.Args[3])
	}
	create := func() *types.KeyMetadata {
		return must(client.CreateKey(ctx, &kms.CreateKeyInput{})).KeyMetadata
	}
	return create(), create()
}

// nameOf is the key as named on the command line, for policies that match on the alias.
func nameOf(arg int, key *types.KeyMetadata) string {
	if len(os.Args) > arg {
		return os.Args[arg]
	}
	return *key.KeyId
}

func codeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func print(seen map[string]any) {
	if err := json.NewEncoder(os.Stdout).Encode(seen); err != nil {
		log.Fatal(err)
	}
}
