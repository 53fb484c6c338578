import { KMSClient, ReEncryptCommand } from '@aws-sdk/client-kms';
import { type sendUnaryData, status } from '@grpc/grpc-js';
import { type Handler, type Request, serveReEncrypt } from './grpc.ts';

/** What one writes in an hour: grpc-js in front, the AWS SDK behind, no policy, audit or metrics. */
const endpoint = process.argv[2] ?? '';
const kms = new KMSClient({
  endpoint,
  maxAttempts: 1,
  requestHandler: { httpAgent: { maxSockets: 512 } },
});

async function forward(request: Request, reply: sendUnaryData<object>): Promise<void> {
  try {
    const answer = await kms.send(
      new ReEncryptCommand({
        CiphertextBlob: request.ciphertextBlob,
        SourceKeyId: request.sourceKeyId,
        SourceEncryptionContext: request.sourceEncryptionContext,
        DestinationKeyId: request.destinationKeyId,
        DestinationEncryptionContext: request.destinationEncryptionContext,
        GrantTokens: request.grantTokens,
      }),
    );
    reply(null, {
      ciphertextBlob: answer.CiphertextBlob,
      sourceKeyId: answer.SourceKeyId,
      keyId: answer.KeyId,
      sourceEncryptionAlgorithm: 1,
      destinationEncryptionAlgorithm: 1,
      sourceKeyMaterialId: answer.SourceKeyMaterialId,
      destinationKeyMaterialId: answer.DestinationKeyMaterialId,
    });
  } catch (error) {
    reply({ code: status.UNAVAILABLE, details: String(error) });
  }
}

const handler: Handler = (call, reply) => void forward(call.request, reply);

await serveReEncrypt(handler);
