/** The service of the wire contract, as gRPC names it. */
export const SERVICE_NAME = 'kms.reencrypt.v1.ReEncryptService';
