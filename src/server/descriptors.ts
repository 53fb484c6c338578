import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import descriptor, {
  type IDescriptorProto,
  type IFileDescriptorProto,
} from 'protobufjs/ext/descriptor/index.js';

/** The server's compiled `.proto` files, for clients that ask for them. */
export interface Descriptors {
  /** The file and all that it imports, as serialised FileDescriptorProtos; undefined if unknown. */
  byFileName(name: string): readonly Uint8Array[] | undefined;
  /** The same for the file that declares a message, enum, service, method or field. */
  bySymbol(symbol: string): readonly Uint8Array[] | undefined;
}

interface DescribedFile {
  readonly bytes: Uint8Array;
  readonly imports: readonly string[];
}

/**
 * Reads a FileDescriptorSet. The bytes of each file are passed on unchanged: protobufjs, and proto-loader
 * with it, loses the mark of map entries when it writes them (grpc-node #2958).
 */
export function readDescriptors(path: string): Descriptors {
  const files = new Map<string, DescribedFile>();
  const symbols = new Map<string, string>();
  for (const bytes of splitSet(readFileSync(path))) {
    const file: IFileDescriptorProto = descriptor.FileDescriptorProto.toObject(
      descriptor.FileDescriptorProto.decode(bytes),
    );
    const name = file.name ?? '';
    files.set(name, { bytes, imports: file.dependency ?? [] });
    for (const symbol of symbolsOf(file)) symbols.set(symbol, name);
  }

  const withImports = (name: string, seen = new Set<string>()): Uint8Array[] => {
    const file = files.get(name);
    if (!file || seen.has(name)) return [];
    seen.add(name);
    return [file.bytes, ...file.imports.flatMap((imported) => withImports(imported, seen))];
  };
  const byFileName = (name: string) => (files.has(name) ? withImports(name) : undefined);
  return {
    byFileName,
    bySymbol(symbol) {
      const name = symbols.get(symbol);
      return name === undefined ? undefined : byFileName(name);
    },
  };
}

/** FileDescriptorSet is `repeated FileDescriptorProto file = 1` and nothing else. */
function splitSet(set: Uint8Array): Uint8Array[] {
  const reader = protobuf.Reader.create(set);
  const files: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 === 1) files.push(reader.bytes());
    else reader.skipType(tag & 7);
  }
  return files;
}

function symbolsOf(file: IFileDescriptorProto): string[] {
  const scope = file.package ? `${file.package}.` : '';
  return [
    ...(file.messageType ?? []).flatMap((message) => messageSymbols(message, scope)),
    ...(file.enumType ?? []).map(({ name }) => `${scope}${name}`),
    ...(file.service ?? []).flatMap(({ name, method }) => [
      `${scope}${name}`,
      ...(method ?? []).map((one) => `${scope}${name}.${one.name}`),
    ]),
  ];
}

function messageSymbols(message: IDescriptorProto, scope: string): string[] {
  const name = `${scope}${message.name}`;
  return [
    name,
    ...(message.field ?? []).map((field) => `${name}.${field.name}`),
    ...(message.enumType ?? []).map((type) => `${name}.${type.name}`),
    ...(message.nestedType ?? []).flatMap((nested) => messageSymbols(nested, `${name}.`)),
  ];
}
