package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	pb "kms-reencrypt-proxy/bench/gen/reencryptv1"
)

const method = "/kms.reencrypt.v1.ReEncryptService/ReEncrypt"

// The call that every server is asked: a ciphertext of KMS's usual size for a data key, and the two
// contexts of two pairs each.
var (
	ciphertext = bytes.Repeat([]byte{0x01, 0x02, 0x02, 0x78}, 46)
	oldContext = map[string]string{"tenant": "acme", "purpose": "invoice-archive"}
	newContext = map[string]string{"tenant": "acme", "purpose": "invoice-archive-2"}
	sourceKey  = "alias/demo-source"
)

const destinationKey = "alias/demo-destination"

// target says what is asked and how: gRPC (plain, over a Unix socket, with TLS) or AWS JSON 1.1.
type target struct {
	protocol, address, ca, cert, key string
}

func (t *target) register(flags *flag.FlagSet) {
	flags.StringVar(&t.protocol, "protocol", "grpc", "grpc or json")
	flags.StringVar(&t.address, "target", "", "host:port, unix:/path or http://host:port")
	flags.StringVar(&t.ca, "ca", "", "CA certificate; asks by TLS")
	flags.StringVar(&t.cert, "cert", "", "client certificate")
	flags.StringVar(&t.key, "key", "", "client key")
}

func (t *target) open() (call, func(), error) {
	if t.protocol == "json" {
		return openJSON(t.address)
	}
	return t.openGrpc()
}

// rawCodec sends bytes that were encoded once and leaves the answer as it came.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (rawCodec) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append((*v.(*[]byte))[:0], data...)
	return nil
}
func (rawCodec) Name() string { return "proto" }

func (t *target) openGrpc() (call, func(), error) {
	secure, err := t.credentials()
	if err != nil {
		return nil, nil, err
	}
	connection, err := grpc.NewClient("passthrough:///"+t.address, grpc.WithTransportCredentials(secure),
		grpc.WithContextDialer(dial), grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{})))
	if err != nil {
		return nil, nil, err
	}
	source := sourceKey
	request, err := proto.Marshal(&pb.ReEncryptRequest{
		CiphertextBlob:               ciphertext,
		SourceKeyId:                  &source,
		SourceEncryptionContext:      oldContext,
		DestinationKeyId:             destinationKey,
		DestinationEncryptionContext: newContext,
	})
	if err != nil {
		return nil, nil, err
	}
	ask := func(ctx context.Context) error {
		var answer []byte
		if err := connection.Invoke(ctx, method, &request, &answer); err != nil {
			return err
		}
		if len(answer) < len(ciphertext) {
			return errors.New("the answer has no ciphertext")
		}
		return nil
	}
	return ask, func() { _ = connection.Close() }, nil
}

func (t *target) credentials() (credentials.TransportCredentials, error) {
	if t.ca == "" {
		return insecure.NewCredentials(), nil
	}
	pem, err := os.ReadFile(t.ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	pair, err := tls.LoadX509KeyPair(t.cert, t.key)
	if err != nil {
		return nil, err
	}
	return credentials.NewTLS(&tls.Config{
		RootCAs:      roots,
		Certificates: []tls.Certificate{pair},
		ServerName:   "localhost",
		MinVersion:   tls.VersionTLS13,
	}), nil
}

func openJSON(url string) (call, func(), error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 512, MaxIdleConns: 512}}
	body := jsonRequest()
	ask := func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			return err
		}
		request.Header["X-Amz-Target"] = []string{"TrentService.ReEncrypt"}
		request.Header["Content-Type"] = []string{"application/x-amz-json-1.1"}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			return err
		}
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", response.Status, text)
		}
		return nil
	}
	return ask, client.CloseIdleConnections, nil
}
