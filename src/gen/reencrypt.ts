import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { Any as _google_protobuf_Any, Any__Output as _google_protobuf_Any__Output } from './google/protobuf/Any.ts';
import type { Status as _google_rpc_Status, Status__Output as _google_rpc_Status__Output } from './google/rpc/Status.ts';
import type { BatchReEncryptItem as _kms_reencrypt_v1_BatchReEncryptItem, BatchReEncryptItem__Output as _kms_reencrypt_v1_BatchReEncryptItem__Output } from './kms/reencrypt/v1/BatchReEncryptItem.ts';
import type { BatchReEncryptRequest as _kms_reencrypt_v1_BatchReEncryptRequest, BatchReEncryptRequest__Output as _kms_reencrypt_v1_BatchReEncryptRequest__Output } from './kms/reencrypt/v1/BatchReEncryptRequest.ts';
import type { BatchReEncryptResponse as _kms_reencrypt_v1_BatchReEncryptResponse, BatchReEncryptResponse__Output as _kms_reencrypt_v1_BatchReEncryptResponse__Output } from './kms/reencrypt/v1/BatchReEncryptResponse.ts';
import type { BatchReEncryptResult as _kms_reencrypt_v1_BatchReEncryptResult, BatchReEncryptResult__Output as _kms_reencrypt_v1_BatchReEncryptResult__Output } from './kms/reencrypt/v1/BatchReEncryptResult.ts';
import type { CheckReEncryptRequest as _kms_reencrypt_v1_CheckReEncryptRequest, CheckReEncryptRequest__Output as _kms_reencrypt_v1_CheckReEncryptRequest__Output } from './kms/reencrypt/v1/CheckReEncryptRequest.ts';
import type { CheckReEncryptResponse as _kms_reencrypt_v1_CheckReEncryptResponse, CheckReEncryptResponse__Output as _kms_reencrypt_v1_CheckReEncryptResponse__Output } from './kms/reencrypt/v1/CheckReEncryptResponse.ts';
import type { DecisionReason as _kms_reencrypt_v1_DecisionReason, DecisionReason__Output as _kms_reencrypt_v1_DecisionReason__Output } from './kms/reencrypt/v1/DecisionReason.ts';
import type { ReEncryptRequest as _kms_reencrypt_v1_ReEncryptRequest, ReEncryptRequest__Output as _kms_reencrypt_v1_ReEncryptRequest__Output } from './kms/reencrypt/v1/ReEncryptRequest.ts';
import type { ReEncryptResponse as _kms_reencrypt_v1_ReEncryptResponse, ReEncryptResponse__Output as _kms_reencrypt_v1_ReEncryptResponse__Output } from './kms/reencrypt/v1/ReEncryptResponse.ts';
import type { ReEncryptServiceClient as _kms_reencrypt_v1_ReEncryptServiceClient, ReEncryptServiceDefinition as _kms_reencrypt_v1_ReEncryptServiceDefinition } from './kms/reencrypt/v1/ReEncryptService.ts';
import type { ResolvedKey as _kms_reencrypt_v1_ResolvedKey, ResolvedKey__Output as _kms_reencrypt_v1_ResolvedKey__Output } from './kms/reencrypt/v1/ResolvedKey.ts';
import type { StreamReEncryptRequest as _kms_reencrypt_v1_StreamReEncryptRequest, StreamReEncryptRequest__Output as _kms_reencrypt_v1_StreamReEncryptRequest__Output } from './kms/reencrypt/v1/StreamReEncryptRequest.ts';
import type { StreamReEncryptResponse as _kms_reencrypt_v1_StreamReEncryptResponse, StreamReEncryptResponse__Output as _kms_reencrypt_v1_StreamReEncryptResponse__Output } from './kms/reencrypt/v1/StreamReEncryptResponse.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  google: {
    protobuf: {
      Any: MessageTypeDefinition<_google_protobuf_Any, _google_protobuf_Any__Output>
    }
    rpc: {
      Status: MessageTypeDefinition<_google_rpc_Status, _google_rpc_Status__Output>
    }
  }
  kms: {
    reencrypt: {
      v1: {
        BatchReEncryptItem: MessageTypeDefinition<_kms_reencrypt_v1_BatchReEncryptItem, _kms_reencrypt_v1_BatchReEncryptItem__Output>
        BatchReEncryptRequest: MessageTypeDefinition<_kms_reencrypt_v1_BatchReEncryptRequest, _kms_reencrypt_v1_BatchReEncryptRequest__Output>
        BatchReEncryptResponse: MessageTypeDefinition<_kms_reencrypt_v1_BatchReEncryptResponse, _kms_reencrypt_v1_BatchReEncryptResponse__Output>
        BatchReEncryptResult: MessageTypeDefinition<_kms_reencrypt_v1_BatchReEncryptResult, _kms_reencrypt_v1_BatchReEncryptResult__Output>
        CheckReEncryptRequest: MessageTypeDefinition<_kms_reencrypt_v1_CheckReEncryptRequest, _kms_reencrypt_v1_CheckReEncryptRequest__Output>
        CheckReEncryptResponse: MessageTypeDefinition<_kms_reencrypt_v1_CheckReEncryptResponse, _kms_reencrypt_v1_CheckReEncryptResponse__Output>
        DecisionReason: MessageTypeDefinition<_kms_reencrypt_v1_DecisionReason, _kms_reencrypt_v1_DecisionReason__Output>
        DryRunModifier: EnumTypeDefinition
        EncryptionAlgorithm: EnumTypeDefinition
        ReEncryptRequest: MessageTypeDefinition<_kms_reencrypt_v1_ReEncryptRequest, _kms_reencrypt_v1_ReEncryptRequest__Output>
        ReEncryptResponse: MessageTypeDefinition<_kms_reencrypt_v1_ReEncryptResponse, _kms_reencrypt_v1_ReEncryptResponse__Output>
        ReEncryptService: SubtypeConstructor<typeof grpc.Client, _kms_reencrypt_v1_ReEncryptServiceClient> & { service: _kms_reencrypt_v1_ReEncryptServiceDefinition }
        ResolvedKey: MessageTypeDefinition<_kms_reencrypt_v1_ResolvedKey, _kms_reencrypt_v1_ResolvedKey__Output>
        StreamReEncryptRequest: MessageTypeDefinition<_kms_reencrypt_v1_StreamReEncryptRequest, _kms_reencrypt_v1_StreamReEncryptRequest__Output>
        StreamReEncryptResponse: MessageTypeDefinition<_kms_reencrypt_v1_StreamReEncryptResponse, _kms_reencrypt_v1_StreamReEncryptResponse__Output>
      }
    }
  }
}

