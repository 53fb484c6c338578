import { type Handler, serveReEncrypt } from './grpc.ts';

/** The floor: only grpc-js, answering as many bytes as KMS would, without any call to KMS. */
const answer = {
  ciphertextBlob: Buffer.alloc(192, 7),
  sourceKeyId: 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
  keyId: 'arn:aws:kms:eu-west-1:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321',
  sourceEncryptionAlgorithm: 1,
  destinationEncryptionAlgorithm: 1,
  sourceKeyMaterialId: 'ab'.repeat(32),
  destinationKeyMaterialId: 'ab'.repeat(32),
};

const echo: Handler = (_call, reply) => reply(null, answer);

await serveReEncrypt(echo);
