// A fresh name and a signed URL for each connection.
const mqtt = require('mqtt');

let token = 0;
const transformWsUrl = (url, options, client) => {
  token++;
  client.options.username = `token=${token}`;
  client.options.clientId = `${process.env.ID}-${token}`;
  return `${url}/mqtt?signature=${token}`;
};

async function main() {
  const client = await mqtt.connectAsync(process.env.WS, { transformWsUrl, reconnectPeriod: 20 });
  console.log(client.options.username, client.options.clientId);
  client.on('connect', () => {
    console.log(client.options.username, client.options.clientId);
    client.end();
  });
  client.stream.destroy();
}
main();
