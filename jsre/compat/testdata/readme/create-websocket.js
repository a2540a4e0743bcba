// A WebSocket of the script's own making.
const mqtt = require('mqtt');
const WebSocket = globalThis.WebSocket || require('ws');

const createWebsocket = (url, websocketSubProtocols, options) => {
  console.log(websocketSubProtocols, options.protocol);
  return new WebSocket(url, [websocketSubProtocols[0], 'another']);
};

async function main() {
  const client = await mqtt.connectAsync(process.env.WS, { createWebsocket });
  console.log('connected', client.connected);
  client.end();
}
main();
