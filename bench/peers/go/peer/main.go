// Command peer is the proxy that one would write in Go instead: grpc-go in front, aws-sdk-go-v2
// behind, and with -policy a prepared OPA query over the same Rego and data as the proxy's, and one
// JSON audit line per call.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"google.golang.org/grpc"
	"net/http"

	pb "kms-reencrypt-proxy/bench/gen/reencryptv1"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "where to listen")
	endpoint := flag.String("endpoint", "", "KMS endpoint")
	rego := flag.String("policy", "", "folder of Rego and data.json; none forwards everything")
	audit := flag.String("audit", "", "file of audit lines")
	flag.Parse()
	if err := serve(*listen, *endpoint, *rego, *audit); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(listen, endpoint, rego, audit string) error {
	ctx := context.Background()
	client, err := newClient(ctx, endpoint)
	if err != nil {
		return err
	}
	proxy := &proxy{kms: client}
	if rego != "" {
		if proxy.policy, err = preparePolicy(ctx, rego); err != nil {
			return err
		}
		file, err := os.OpenFile(audit, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		proxy.audit = slog.New(slog.NewJSONHandler(file, nil))
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	pb.RegisterReEncryptServiceServer(server, proxy)
	fmt.Println("listening on", listener.Addr())
	return server.Serve(listener)
}

// newClient keeps as many connections as there are calls: the SDK's ten idle ones would have it
// reconnect all the time.
func newClient(ctx context.Context, endpoint string) (*kms.Client, error) {
	transport := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConns = 512
		t.MaxIdleConnsPerHost = 512
		t.IdleConnTimeout = 5 * time.Minute
	})
	settings, err := config.LoadDefaultConfig(ctx, config.WithHTTPClient(transport), config.WithRetryMaxAttempts(1))
	if err != nil {
		return nil, err
	}
	return kms.NewFromConfig(settings, func(o *kms.Options) { o.BaseEndpoint = &endpoint }), nil
}
