import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider';
import { Server } from '@hocuspocus/server';
import WebSocket from 'ws';
import * as Y from 'yjs';

const port = Number(process.env.PORT);

/** @returns a client of a document, once it has what the server has */
function open(name) {
  const websocketProvider = new HocuspocusProviderWebsocket({
    url: `ws://127.0.0.1:${port}`,
    WebSocketPolyfill: WebSocket,
  });
  const document = new Y.Doc();
  const provider = new HocuspocusProvider({ websocketProvider, name, document });
  provider.attach();
  const close = () => {
    provider.destroy();
    websocketProvider.destroy();
  };
  return new Promise((resolve) => provider.on('synced', () => resolve({ document, close })));
}

/** One client writes, and another one reads it. */
async function share(name) {
  const [writer, reader] = [await open(name), await open(name)];
  const text = reader.document.getText('order');
  const written = new Promise((resolve) => text.observe(resolve));
  writer.document.getText('order').insert(0, name);
  await written;
  writer.close();
  reader.close();
  return `shared ${text}`;
}

const server = new Server({
  port,
  address: '127.0.0.1',
  quiet: true,
  async onRequest({ request, response }) {
    response.end(request.url === '/health' ? 'well' : await share(request.url.slice(1)));
    // What Hocuspocus is told that a request is answered by.
    throw null;
  },
});
await server.listen();
console.log('listening');
