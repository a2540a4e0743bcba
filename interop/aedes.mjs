// Serves MQTT with aedes on a free loopback port, prints the port, and ends when
// its standard input does, so that it cannot outlive the test that started it.
import { Aedes } from 'aedes'
import { createServer } from 'node:net'

const broker = await Aedes.createBroker({
  // 42 by default: a burst beyond it closes the connection.
  queueLimit: 10_000,
  heartbeatInterval: 60_000,
  authorizeSubscribe: (_client, subscription, done) =>
    done(null, subscription.topic.startsWith('denied/') ? null : subscription)
})
const server = createServer(broker.handle)
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
process.stdin.resume().on('end', () => process.exit(0))
