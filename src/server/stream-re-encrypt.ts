import { type handleBidiStreamingCall, type ServerDuplexStream, status } from '@grpc/grpc-js';
import { SERVICE_NAME } from '../contract/service-names.ts';
import { Refusal, toRefusal } from '../errors.ts';
import type { StreamReEncryptRequest__Output } from '../gen/kms/reencrypt/v1/StreamReEncryptRequest.ts';
import type { StreamReEncryptResponse } from '../gen/kms/reencrypt/v1/StreamReEncryptResponse.ts';
import { countStream, onceAllCame } from './count-stream.ts';
import { toEnvelope } from './envelope.ts';
import type { HandlerTools } from './handler-tools.ts';
import { type ItemLifetime, startItemLifetime } from './lifetime.ts';
import type { PerformItem } from './re-encrypt-item.ts';
import { readOnDemand } from './read-on-demand.ts';
import type { Undecoded } from './service.ts';
import { type StatusWriter, trailers } from './status.ts';
import { createPlaces, type OpenStream, whoHolds } from './stream-places.ts';
import { decoded } from './unary.ts';

type Asked = Undecoded<StreamReEncryptRequest__Output>;
type Stream = ServerDuplexStream<Asked, StreamReEncryptResponse>;

export const STREAM_PATH = `/${SERVICE_NAME}/StreamReEncrypt`;

interface StreamParts {
  readonly performItem: PerformItem;
  /** Items of one stream that are under way at a time; no further one is read meanwhile. */
  readonly itemsAtOnce: number;
  readonly tools: HandlerTools;
}

/** `StreamReEncrypt`, and the end of every open stream when the proxy ends. */
export function createStreamReEncrypt(parts: StreamParts & { readonly idleMs?: number }) {
  const places = createPlaces(parts.tools, parts.idleMs);
  const handler: handleBidiStreamingCall<Asked, StreamReEncryptResponse> = (stream) => {
    places.seat(stream, serveStream(stream, parts));
  };
  /** No stream takes a further item; each ends when the results of its items under way are sent. */
  return { handler, drain: places.drain };
}

/** Why a stream takes no further item: all have come, or a refusal. */
type Closing = Refusal | 'all';

/** Items → results, each sent as soon as it is there. */
function serveStream(stream: Stream, parts: StreamParts): OpenStream {
  const { performItem, itemsAtOnce, tools } = parts;
  const counters = tools.rpc(STREAM_PATH);
  const id = tools.newId();
  const envelope = toEnvelope(stream, { id, action: 'kms:ReEncrypt', tools });
  const underWay = new Set<ItemLifetime>();
  let idleSince = performance.now();
  let closing: Closing | undefined;
  let ended = false;
  const read = readOnDemand(stream);

  countStream(stream, counters);
  const waits = takeInTurn(stream, { tools, act: perform, fail: close });
  stream.on('data', () => {
    counters.received();
    proceed();
  });
  onceAllCame(stream, () => close('all'));
  stream.on('drain', proceed);
  stream.once('cancelled', () => {
    ended = true;
    for (const lifetime of underWay) lifetime.cut(new Refusal('CANCELLED'));
  });
  const isBusy = () => waits() || underWay.size > 0;
  const idleFor = () => (isBusy() ? 0 : performance.now() - idleSince);
  return { ...whoHolds(envelope.arrival), close, idleFor };

  async function perform(item: StreamReEncryptRequest__Output): Promise<void> {
    const lifetime = startItemLifetime(item.deadlineMs, tools.deadlines);
    underWay.add(lifetime);
    proceed();
    const result = await performItem(item, { ...envelope, signal: lifetime.signal });
    lifetime.end();
    underWay.delete(lifetime);
    if (ended) return;
    counters.sent();
    stream.write(result);
    closing ??= endOfIdentity(result);
    proceed();
  }

  function close(why: Closing): void {
    closing ??= why;
    proceed();
  }

  /**
   * A caller that does not read results is not read from. A stream that takes no more items ends with the last
   * result.
   */
  function proceed(): void {
    idleSince = performance.now();
    const full = waits() || underWay.size >= itemsAtOnce || stream.writableNeedDrain;
    read(!full && !closing);
    if (ended || !closing || isBusy()) return;
    ended = true;
    end(stream, closing, { id, status: tools.status });
  }
}

interface Takes {
  readonly tools: Pick<HandlerTools, 'turn' | 'turnedAway'>;
  act(item: StreamReEncryptRequest__Output): unknown;
  fail(refusal: Refusal): void;
}

/** Decodes each message when it is its turn. Returns whether one waits for that: no other may come meanwhile. */
function takeInTurn(stream: Stream, { tools, act, fail }: Takes): () => boolean {
  let waits = false;
  const take = (message: Asked): void => {
    waits = false;
    if (stream.destroyed) return;
    try {
      act(decoded(message.decode(), stream.metadata, tools));
    } catch (thrown) {
      fail(toRefusal(thrown));
    }
  };
  stream.on('data', (message) => {
    const turn = tools.turn(message.bytes);
    if (turn === undefined) return take(message);
    waits = true;
    void turn.then(() => take(message));
  });
  return () => waits;
}

/** An expired token or certificate ends the stream, because all its items share it. */
function endOfIdentity({ status: told }: StreamReEncryptResponse): Refusal | undefined {
  if (told?.code !== status.UNAUTHENTICATED) return undefined;
  return new Refusal('UNAUTHENTICATED', { sentence: told.message ?? '' });
}

function end(stream: Stream, closing: Closing, told: { id: string; status: StatusWriter }): void {
  if (closing === 'all') stream.end(trailers(told.id));
  else stream.emit('error', told.status.toStatus(closing, told.id));
}
