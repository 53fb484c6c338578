package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sort"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"google.golang.org/grpc/peer"

	pb "kms-reencrypt-proxy/bench/gen/reencryptv1"
)

// toInput is the proxy's own policy input, version 1: the same policy must find what it reads.
func toInput(ctx context.Context, id string, in *pb.ReEncryptRequest, source, destination *types.KeyMetadata) map[string]any {
	now := time.Now().UTC()
	sum := sha256.Sum256(in.GetCiphertextBlob())
	address := ""
	if caller, ok := peer.FromContext(ctx); ok {
		address = caller.Addr.String()
	}
	same := *source.Arn == *destination.Arn
	return map[string]any{
		"version": 1,
		"action":  "kms:ReEncrypt",
		"phase":   "request",
		"principal": map[string]any{
			"id": "", "kind": "anonymous", "authenticated": false,
			"spiffe":     map[string]any{"trust_domain": "", "path": ""},
			"attributes": map[string]any{},
		},
		"source":      side(in.GetSourceKeyId(), source, in.GetSourceEncryptionContext()),
		"destination": side(in.GetDestinationKeyId(), destination, in.GetDestinationEncryptionContext()),
		"relation": map[string]any{
			"known": true, "same_key": same, "same_mrk_family": false, "same_account": true,
			"same_region": true, "algorithm_changed": false,
			"context": changes(in.GetSourceEncryptionContext(), in.GetDestinationEncryptionContext()),
		},
		"request": map[string]any{
			"id": id, "transport": "grpc", "peer": address, "dry_run": in.GetDryRun(),
			"dry_run_modifiers": []any{}, "grant_token_count": len(in.GetGrantTokens()),
			"ciphertext_bytes": len(in.GetCiphertextBlob()), "ciphertext_sha256": hex.EncodeToString(sum[:]),
			"job": "",
		},
		"time": map[string]any{
			"rfc3339": now.Format(time.RFC3339Nano), "unix_ms": now.UnixMilli(),
			"weekday": now.Weekday().String(), "hour_utc": now.Hour(),
		},
	}
}

func side(requested string, key *types.KeyMetadata, encryptionContext map[string]string) map[string]any {
	parts := strings.SplitN(*key.Arn, ":", 6)
	alias, form := "", "key_arn"
	if strings.HasPrefix(requested, "alias/") {
		alias, form = requested, "alias_name"
	}
	pairs := make(map[string]any, len(encryptionContext))
	for name, value := range encryptionContext {
		pairs[name] = value
	}
	return map[string]any{
		"known": true, "requested_key_id": requested, "key_id_form": form,
		"key_arn": *key.Arn, "partition": parts[1], "account": parts[4], "region": parts[3],
		"key_id": value(key.KeyId), "alias": alias, "aliases": []any{}, "tags": map[string]any{},
		"spec": string(key.KeySpec), "usage": string(key.KeyUsage), "origin": string(key.Origin),
		"manager": string(key.KeyManager), "state": string(key.KeyState),
		"multi_region": false, "multi_region_type": "", "created_unix_ms": 0, "facts_off": []any{},
		"algorithm": "SYMMETRIC_DEFAULT", "encryption_context": pairs,
		"encryption_context_keys": keysOf(encryptionContext),
	}
}

func keysOf(encryptionContext map[string]string) []string {
	keys := make([]string, 0, len(encryptionContext))
	for key := range encryptionContext {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

func changes(before, after map[string]string) map[string]any {
	added, removed, changed, kept := []any{}, []any{}, []any{}, []any{}
	for key, value := range before {
		now, there := after[key]
		switch {
		case !there:
			removed = append(removed, key)
		case now == value:
			kept = append(kept, key)
		default:
			changed = append(changed, key)
		}
	}
	for key := range after {
		if _, there := before[key]; !there {
			added = append(added, key)
		}
	}
	return map[string]any{"added": added, "removed": removed, "changed": changed, "kept": kept}
}
