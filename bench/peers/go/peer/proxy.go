package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "kms-reencrypt-proxy/bench/gen/reencryptv1"
)

type proxy struct {
	pb.UnimplementedReEncryptServiceServer
	kms    *kms.Client
	policy *policy
	audit  *slog.Logger
	keys   sync.Map
}

func (p *proxy) ReEncrypt(ctx context.Context, in *pb.ReEncryptRequest) (*pb.ReEncryptResponse, error) {
	if p.policy == nil {
		return p.forward(ctx, in, in.GetSourceKeyId(), in.GetDestinationKeyId(), "")
	}
	source, err := p.resolve(ctx, in.GetSourceKeyId())
	if err != nil {
		return nil, err
	}
	destination, err := p.resolve(ctx, in.GetDestinationKeyId())
	if err != nil {
		return nil, err
	}
	id := uuid.NewString()
	began := time.Now()
	decision, err := p.policy.decide(ctx, toInput(ctx, id, in, source, destination))
	if err != nil {
		return nil, status.Errorf(codes.PermissionDenied, "the policy failed: %v", err)
	}
	took := time.Since(began)
	if !decision.Allow {
		p.record(ctx, id, in, source, destination, decision, took, nil)
		return nil, status.Error(codes.PermissionDenied, "the policy denies this call")
	}
	out, err := p.forward(ctx, in, *source.Arn, *destination.Arn, id)
	p.record(ctx, id, in, source, destination, decision, took, err)
	return out, err
}

// resolve looks a key up once and remembers it.
func (p *proxy) resolve(ctx context.Context, keyID string) (*types.KeyMetadata, error) {
	if found, ok := p.keys.Load(keyID); ok {
		return found.(*types.KeyMetadata), nil
	}
	described, err := p.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &keyID})
	if err != nil {
		return nil, status.Error(codes.NotFound, "unknown key")
	}
	p.keys.Store(keyID, described.KeyMetadata)
	return described.KeyMetadata, nil
}

func (p *proxy) forward(ctx context.Context, in *pb.ReEncryptRequest, source, destination, id string) (*pb.ReEncryptResponse, error) {
	answer, err := p.kms.ReEncrypt(ctx, &kms.ReEncryptInput{
		CiphertextBlob:               in.GetCiphertextBlob(),
		SourceKeyId:                  &source,
		SourceEncryptionContext:      in.GetSourceEncryptionContext(),
		DestinationKeyId:             &destination,
		DestinationEncryptionContext: in.GetDestinationEncryptionContext(),
		GrantTokens:                  in.GetGrantTokens(),
	})
	if err != nil {
		return nil, status.Error(codes.Unavailable, "KMS refuses")
	}
	return &pb.ReEncryptResponse{
		CiphertextBlob:                 answer.CiphertextBlob,
		SourceKeyId:                    value(answer.SourceKeyId),
		KeyId:                          value(answer.KeyId),
		SourceEncryptionAlgorithm:      pb.EncryptionAlgorithm_ENCRYPTION_ALGORITHM_SYMMETRIC_DEFAULT,
		DestinationEncryptionAlgorithm: pb.EncryptionAlgorithm_ENCRYPTION_ALGORITHM_SYMMETRIC_DEFAULT,
		SourceKeyMaterialId:            value(answer.SourceKeyMaterialId),
		DestinationKeyMaterialId:       value(answer.DestinationKeyMaterialId),
		DecisionId:                     id,
	}, nil
}

func value(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func (p *proxy) record(ctx context.Context, id string, in *pb.ReEncryptRequest, source, destination *types.KeyMetadata, decision decision, took time.Duration, err error) {
	p.audit.LogAttrs(ctx, slog.LevelInfo, "decision",
		slog.String("decision_id", id),
		slog.String("path", "kms/reencrypt/decision"),
		slog.Bool("allow", decision.Allow),
		slog.String("rule", decision.Rule),
		slog.String("source_key_arn", *source.Arn),
		slog.String("destination_key_arn", *destination.Arn),
		slog.Any("source_context_keys", keysOf(in.GetSourceEncryptionContext())),
		slog.Any("destination_context_keys", keysOf(in.GetDestinationEncryptionContext())),
		slog.Int("ciphertext_bytes", len(in.GetCiphertextBlob())),
		slog.Int64("evaluation_ns", took.Nanoseconds()),
		slog.Bool("released", decision.Allow && err == nil),
	)
}
