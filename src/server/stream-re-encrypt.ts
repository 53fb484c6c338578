import type { handleBidiStreamingCall, ServerDuplexStream } from '@grpc/grpc-js';
import { limited, Refusal, toRefusal } from '../errors.ts';
import type { StreamReEncryptRequest__Output } from '../gen/kms/reencrypt/v1/StreamReEncryptRequest.ts';
import type { StreamReEncryptResponse } from '../gen/kms/reencrypt/v1/StreamReEncryptResponse.ts';
import { countStream, onceAllCame } from './count-stream.ts';
import { toEnvelope } from './envelope.ts';
import { type ItemLifetime, startItemLifetime } from './lifetime.ts';
import type { PerformItem } from './re-encrypt-item.ts';
import { type MalformedMessage, SERVICE_NAME } from './service.ts';
import { type StatusWriter, trailers } from './status.ts';
import { decoded, type HandlerTools } from './unary.ts';

type Asked = StreamReEncryptRequest__Output;
type Stream = ServerDuplexStream<Asked | MalformedMessage, StreamReEncryptResponse>;

export const STREAM_PATH = `/${SERVICE_NAME}/StreamReEncrypt`;

/** Each may make the proxy hold 16 messages that grpc-js reads ahead. */
const MOST_STREAMS = 32;

export interface StreamParts {
  readonly performItem: PerformItem;
  /** Items of one stream that are under way at a time; no further one is read meanwhile. */
  readonly itemsAtOnce: number;
  readonly tools: HandlerTools;
}

/** `StreamReEncrypt`, and the end of every open stream when the proxy ends. */
export function createStreamReEncrypt(parts: StreamParts) {
  const open = new Set<(refusal: Refusal) => void>();
  const handler: handleBidiStreamingCall<Asked | MalformedMessage, StreamReEncryptResponse> = (
    stream,
  ) => {
    const close = serve(stream, parts);
    if (open.size >= MOST_STREAMS) {
      const refusal = limited('streams', 1_000);
      parts.tools.turnedAway(refusal);
      return close(refusal);
    }
    open.add(close);
    stream.once('cancelled', () => open.delete(close));
  };
  return {
    handler,
    /** No stream takes a further item; each ends when the results of those it has are told. */
    drain() {
      for (const close of open) close(new Refusal('DRAINING'));
    },
  };
}

/** Why a stream takes no further item: all have come, or a refusal. */
type Closing = Refusal | 'all';

/** Items → results, each as soon as it is there. What it returns ends the stream after the last result. */
function serve(stream: Stream, { performItem, itemsAtOnce, tools }: StreamParts) {
  const counters = tools.rpc(STREAM_PATH);
  const id = tools.newId();
  const underWay = new Set<ItemLifetime>();
  let closing: Closing | undefined;
  let ended = false;

  countStream(stream, counters);
  stream.on('data', (message) => {
    counters.received();
    try {
      start(decoded(message, stream.metadata, tools));
    } catch (thrown) {
      close(toRefusal(thrown));
    }
  });
  onceAllCame(stream, () => close('all'));
  stream.on('drain', flow);
  stream.once('cancelled', () => {
    ended = true;
    for (const lifetime of underWay) lifetime.cut(new Refusal('CANCELLED'));
  });
  return close;

  function start(item: Asked): void {
    const lifetime = startItemLifetime(item.deadlineMs, tools.deadlines);
    const whole = toEnvelope(stream, { id, action: 'kms:ReEncrypt', ...lifetime, tools });
    underWay.add(lifetime);
    flow();
    void performItem(item, whole).then((result) => {
      lifetime.end();
      underWay.delete(lifetime);
      if (!ended) tell(result);
    });
  }

  function tell(result: StreamReEncryptResponse): void {
    counters.sent();
    stream.write(result);
    flow();
    endIfDone();
  }

  /** Who does not read results is not read from. */
  function flow(): void {
    const full = underWay.size >= itemsAtOnce || stream.writableNeedDrain;
    if (full || closing) stream.pause();
    else stream.resume();
  }

  function close(why: Closing): void {
    closing ??= why;
    flow();
    endIfDone();
  }

  function endIfDone(): void {
    if (ended || !closing || underWay.size > 0) return;
    ended = true;
    end(stream, closing, { id, status: tools.status });
  }
}

function end(stream: Stream, closing: Closing, told: { id: string; status: StatusWriter }): void {
  if (closing === 'all') stream.end(trailers(told.id));
  else stream.emit('error', told.status.toStatus(closing, told.id));
}
