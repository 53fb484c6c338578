// Original file: proto/kms/reencrypt/v1/reencrypt.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { BatchReEncryptRequest as _kms_reencrypt_v1_BatchReEncryptRequest, BatchReEncryptRequest__Output as _kms_reencrypt_v1_BatchReEncryptRequest__Output } from '../../../kms/reencrypt/v1/BatchReEncryptRequest.ts';
import type { BatchReEncryptResponse as _kms_reencrypt_v1_BatchReEncryptResponse, BatchReEncryptResponse__Output as _kms_reencrypt_v1_BatchReEncryptResponse__Output } from '../../../kms/reencrypt/v1/BatchReEncryptResponse.ts';
import type { CheckReEncryptRequest as _kms_reencrypt_v1_CheckReEncryptRequest, CheckReEncryptRequest__Output as _kms_reencrypt_v1_CheckReEncryptRequest__Output } from '../../../kms/reencrypt/v1/CheckReEncryptRequest.ts';
import type { CheckReEncryptResponse as _kms_reencrypt_v1_CheckReEncryptResponse, CheckReEncryptResponse__Output as _kms_reencrypt_v1_CheckReEncryptResponse__Output } from '../../../kms/reencrypt/v1/CheckReEncryptResponse.ts';
import type { ReEncryptRequest as _kms_reencrypt_v1_ReEncryptRequest, ReEncryptRequest__Output as _kms_reencrypt_v1_ReEncryptRequest__Output } from '../../../kms/reencrypt/v1/ReEncryptRequest.ts';
import type { ReEncryptResponse as _kms_reencrypt_v1_ReEncryptResponse, ReEncryptResponse__Output as _kms_reencrypt_v1_ReEncryptResponse__Output } from '../../../kms/reencrypt/v1/ReEncryptResponse.ts';
import type { StreamReEncryptRequest as _kms_reencrypt_v1_StreamReEncryptRequest, StreamReEncryptRequest__Output as _kms_reencrypt_v1_StreamReEncryptRequest__Output } from '../../../kms/reencrypt/v1/StreamReEncryptRequest.ts';
import type { StreamReEncryptResponse as _kms_reencrypt_v1_StreamReEncryptResponse, StreamReEncryptResponse__Output as _kms_reencrypt_v1_StreamReEncryptResponse__Output } from '../../../kms/reencrypt/v1/StreamReEncryptResponse.ts';

export interface ReEncryptServiceClient extends grpc.Client {
  BatchReEncrypt(argument: _kms_reencrypt_v1_BatchReEncryptRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kms_reencrypt_v1_BatchReEncryptResponse__Output>): grpc.ClientUnaryCall;
  BatchReEncrypt(argument: _kms_reencrypt_v1_BatchReEncryptRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kms_reencrypt_v1_BatchReEncryptResponse__Output>): grpc.ClientUnaryCall;
  BatchReEncrypt(argument: _kms_reencrypt_v1_BatchReEncryptRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kms_reencrypt_v1_BatchReEncryptResponse__Output>): grpc.ClientUnaryCall;
  BatchReEncrypt(argument: _kms_reencrypt_v1_BatchReEncryptRequest, callback: grpc.requestCallback<_kms_reencrypt_v1_BatchReEncryptResponse__Output>): grpc.ClientUnaryCall;
  batchReEncrypt(argument: _kms_reencrypt_v1_BatchReEncryptRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kms_reencrypt_v1_BatchReEncryptResponse__Output>): grpc.ClientUnaryCall;
  batchReEncrypt(argument: _kms_reencrypt_v1_BatchReEncryptRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kms_reencrypt_v1_BatchReEncryptResponse__Output>): grpc.ClientUnaryCall;
  batchReEncrypt(argument: _kms_reencrypt_v1_BatchReEncryptRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kms_reencrypt_v1_BatchReEncryptResponse__Output>): grpc.ClientUnaryCall;
  batchReEncrypt(argument: _kms_reencrypt_v1_BatchReEncryptRequest, callback: grpc.requestCallback<_kms_reencrypt_v1_BatchReEncryptResponse__Output>): grpc.ClientUnaryCall;
  
  CheckReEncrypt(argument: _kms_reencrypt_v1_CheckReEncryptRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kms_reencrypt_v1_CheckReEncryptResponse__Output>): grpc.ClientUnaryCall;
  CheckReEncrypt(argument: _kms_reencrypt_v1_CheckReEncryptRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kms_reencrypt_v1_CheckReEncryptResponse__Output>): grpc.ClientUnaryCall;
  CheckReEncrypt(argument: _kms_reencrypt_v1_CheckReEncryptRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kms_reencrypt_v1_CheckReEncryptResponse__Output>): grpc.ClientUnaryCall;
  CheckReEncrypt(argument: _kms_reencrypt_v1_CheckReEncryptRequest, callback: grpc.requestCallback<_kms_reencrypt_v1_CheckReEncryptResponse__Output>): grpc.ClientUnaryCall;
  checkReEncrypt(argument: _kms_reencrypt_v1_CheckReEncryptRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kms_reencrypt_v1_CheckReEncryptResponse__Output>): grpc.ClientUnaryCall;
  checkReEncrypt(argument: _kms_reencrypt_v1_CheckReEncryptRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kms_reencrypt_v1_CheckReEncryptResponse__Output>): grpc.ClientUnaryCall;
  checkReEncrypt(argument: _kms_reencrypt_v1_CheckReEncryptRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kms_reencrypt_v1_CheckReEncryptResponse__Output>): grpc.ClientUnaryCall;
  checkReEncrypt(argument: _kms_reencrypt_v1_CheckReEncryptRequest, callback: grpc.requestCallback<_kms_reencrypt_v1_CheckReEncryptResponse__Output>): grpc.ClientUnaryCall;
  
  ReEncrypt(argument: _kms_reencrypt_v1_ReEncryptRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kms_reencrypt_v1_ReEncryptResponse__Output>): grpc.ClientUnaryCall;
  ReEncrypt(argument: _kms_reencrypt_v1_ReEncryptRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kms_reencrypt_v1_ReEncryptResponse__Output>): grpc.ClientUnaryCall;
  ReEncrypt(argument: _kms_reencrypt_v1_ReEncryptRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kms_reencrypt_v1_ReEncryptResponse__Output>): grpc.ClientUnaryCall;
  ReEncrypt(argument: _kms_reencrypt_v1_ReEncryptRequest, callback: grpc.requestCallback<_kms_reencrypt_v1_ReEncryptResponse__Output>): grpc.ClientUnaryCall;
  reEncrypt(argument: _kms_reencrypt_v1_ReEncryptRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kms_reencrypt_v1_ReEncryptResponse__Output>): grpc.ClientUnaryCall;
  reEncrypt(argument: _kms_reencrypt_v1_ReEncryptRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kms_reencrypt_v1_ReEncryptResponse__Output>): grpc.ClientUnaryCall;
  reEncrypt(argument: _kms_reencrypt_v1_ReEncryptRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kms_reencrypt_v1_ReEncryptResponse__Output>): grpc.ClientUnaryCall;
  reEncrypt(argument: _kms_reencrypt_v1_ReEncryptRequest, callback: grpc.requestCallback<_kms_reencrypt_v1_ReEncryptResponse__Output>): grpc.ClientUnaryCall;
  
  StreamReEncrypt(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_kms_reencrypt_v1_StreamReEncryptRequest, _kms_reencrypt_v1_StreamReEncryptResponse__Output>;
  StreamReEncrypt(options?: grpc.CallOptions): grpc.ClientDuplexStream<_kms_reencrypt_v1_StreamReEncryptRequest, _kms_reencrypt_v1_StreamReEncryptResponse__Output>;
  streamReEncrypt(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_kms_reencrypt_v1_StreamReEncryptRequest, _kms_reencrypt_v1_StreamReEncryptResponse__Output>;
  streamReEncrypt(options?: grpc.CallOptions): grpc.ClientDuplexStream<_kms_reencrypt_v1_StreamReEncryptRequest, _kms_reencrypt_v1_StreamReEncryptResponse__Output>;
  
}

export interface ReEncryptServiceHandlers extends grpc.UntypedServiceImplementation {
  BatchReEncrypt: grpc.handleUnaryCall<_kms_reencrypt_v1_BatchReEncryptRequest__Output, _kms_reencrypt_v1_BatchReEncryptResponse>;
  
  CheckReEncrypt: grpc.handleUnaryCall<_kms_reencrypt_v1_CheckReEncryptRequest__Output, _kms_reencrypt_v1_CheckReEncryptResponse>;
  
  ReEncrypt: grpc.handleUnaryCall<_kms_reencrypt_v1_ReEncryptRequest__Output, _kms_reencrypt_v1_ReEncryptResponse>;
  
  StreamReEncrypt: grpc.handleBidiStreamingCall<_kms_reencrypt_v1_StreamReEncryptRequest__Output, _kms_reencrypt_v1_StreamReEncryptResponse>;
  
}

export interface ReEncryptServiceDefinition extends grpc.ServiceDefinition {
  BatchReEncrypt: MethodDefinition<_kms_reencrypt_v1_BatchReEncryptRequest, _kms_reencrypt_v1_BatchReEncryptResponse, _kms_reencrypt_v1_BatchReEncryptRequest__Output, _kms_reencrypt_v1_BatchReEncryptResponse__Output>
  CheckReEncrypt: MethodDefinition<_kms_reencrypt_v1_CheckReEncryptRequest, _kms_reencrypt_v1_CheckReEncryptResponse, _kms_reencrypt_v1_CheckReEncryptRequest__Output, _kms_reencrypt_v1_CheckReEncryptResponse__Output>
  ReEncrypt: MethodDefinition<_kms_reencrypt_v1_ReEncryptRequest, _kms_reencrypt_v1_ReEncryptResponse, _kms_reencrypt_v1_ReEncryptRequest__Output, _kms_reencrypt_v1_ReEncryptResponse__Output>
  StreamReEncrypt: MethodDefinition<_kms_reencrypt_v1_StreamReEncryptRequest, _kms_reencrypt_v1_StreamReEncryptResponse, _kms_reencrypt_v1_StreamReEncryptRequest__Output, _kms_reencrypt_v1_StreamReEncryptResponse__Output>
}
