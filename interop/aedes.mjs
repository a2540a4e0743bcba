// Serves MQTT with aedes, or the package of it that is named, on a free loopback port, prints the port, and ends when
// its standard input does, so that it cannot outlive the test that started it.
import { createServer } from 'node:net'

const aedes = await import(process.argv[2] ?? 'aedes')
const options = {
  // 42 by default: a burst beyond it closes the connection.
  queueLimit: 10_000,
  heartbeatInterval: 60_000,
  authorizeSubscribe: (_client, subscription, done) =>
    done(null, subscription.topic.startsWith('denied/') ? null : subscription),
  authorizePublish: (_client, packet, done) =>
    done(packet.topic.startsWith('denied/') ? new Error('denied') : null)
}
// Before 1.0 a broker is ready when it is made.
const broker = aedes.Aedes ? await aedes.Aedes.createBroker(options) : aedes.default(options)
const server = createServer(broker.handle)
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
process.stdin.resume().on('end', () => process.exit(0))
