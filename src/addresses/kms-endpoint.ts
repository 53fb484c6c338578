import { isPrivate } from './loopback.ts';

/**
 * What is wrong with a URL as the endpoint of KMS, each as a sentence without its subject. Signed calls carry
 * ciphertexts and grant tokens, so they leave the host only over TLS.
 */
export function endpointFaults(url: URL): readonly string[] {
  return [
    ...(isPrivate(url) ? [] : ['must be https:// (http:// only on loopback)']),
    ...(isBare(url) ? [] : ['must be scheme, host and port alone']),
  ];
}

const isBare = ({ href, origin }: URL): boolean => href === `${origin}/`;
