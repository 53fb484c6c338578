import { Server } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createConnections } from '../../src/server/listener/connections.ts';
import { createListener, type Listener } from '../../src/server/listener/listener.ts';
import { serverOptions } from '../../src/server/listener/options.ts';
import { LIMITS, WIRE } from '../server/listener/harness.ts';
import { startChild } from './helpers/child.ts';
import { addTestService } from './helpers/grpc-test-service.ts';
import { describeWith } from './helpers/tools.ts';

/** google.golang.org/grpc/interop/client; Go names a program by its folder. */
const CLIENT = 'client';

const CASES = [
  'empty_unary',
  'large_unary',
  'client_streaming',
  'server_streaming',
  'ping_pong',
  'empty_stream',
  'timeout_on_sleeping_server',
  'cancel_after_begin',
  'cancel_after_first_response',
  'status_code_and_message',
  'special_status_message',
  'custom_metadata',
  'unimplemented_method',
  'unimplemented_service',
];

describeWith([CLIENT], 'the gRPC project’s interop client', () => {
  let listener: Listener;
  let port: string;

  beforeAll(async () => {
    const server = new Server(serverOptions(WIRE));
    addTestService(server);
    const connections = createConnections();
    listener = createListener({ address: '127.0.0.1:0', server, connections, limits: LIMITS });
    port = (await listener.listen()).split(':')[1] ?? '';
  });

  afterAll(async () => {
    await listener.drain(0);
  });

  test.each(CASES)('passes %s through our listener', async (name) => {
    const child = startChild(CLIENT, [
      '--server_host=127.0.0.1',
      `--server_port=${port}`,
      `--test_case=${name}`,
    ]);
    const code = await child.ended();
    expect(code, child.output()).toBe(0);
  });
});
