/** DescribeKey's KeyMetadata, as far as policy can see it. */
export interface KeyDescription {
  readonly arn: string;
  readonly keyId: string;
  readonly spec: string;
  readonly usage: string;
  readonly origin: string;
  readonly manager: string;
  readonly state: string;
  readonly multiRegion: boolean;
  readonly multiRegionType: string;
}

/** What is asked of KMS about keys. Every method rejects with a Refusal. */
export interface KeyDirectory {
  describeKey(keyId: string, signal: AbortSignal): Promise<KeyDescription>;
  listAliases(keyArn: string, signal: AbortSignal): Promise<readonly string[]>;
  listResourceTags(keyArn: string, signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
}
