package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// dial connects to PROXY_TARGET: host:port or unix:/path. PROXY_TLS names a folder with ca.pem,
// cert.pem and key.pem; without it the connection is in clear, for loopback and Unix sockets.
func dial() (*grpc.ClientConn, error) {
	config, err := os.ReadFile(setting("SERVICE_CONFIG", "../service-config.json"))
	if err != nil {
		return nil, err
	}
	transport := insecure.NewCredentials()
	if folder := os.Getenv("PROXY_TLS"); folder != "" {
		if transport, err = mutualTLS(folder); err != nil {
			return nil, err
		}
	}
	return grpc.NewClient(setting("PROXY_TARGET", "127.0.0.1:50051"),
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultServiceConfig(string(config)))
}

func mutualTLS(folder string) (credentials.TransportCredentials, error) {
	own, err := tls.LoadX509KeyPair(filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem"))
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(filepath.Join(folder, "ca.pem"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, errors.New("ca.pem holds no certificate")
	}
	return credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{own},
		RootCAs:      roots,
		MinVersion:   tls.VersionTLS13,
		ServerName:   setting("PROXY_NAME", "localhost"),
	}), nil
}

func setting(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

func timeout() (time.Duration, error) {
	return time.ParseDuration(setting("TIMEOUT_MS", "2000") + "ms")
}
