/** The fields of a side that follow from the ARN of its key; all empty if there is none. */
export function arnParts(keyArn: string) {
  const [, partition = '', , region = '', account = '', resource = ''] = keyArn.split(':');
  return { partition, region, account, key_id: resource.replace(/^key\//, '') };
}
