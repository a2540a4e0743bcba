// A client as a class: it tells its state, obeys commands, and its owner listens to it.
//
//   dunlin run examples/jsre/device-class.js -- HOST PORT
const EventEmitter = require('events');
const mqtt = require('mqtt');
const socket = require('socket');

const [host = '127.0.0.1', port = '1883'] = process.argv.slice(2);

class Lamp extends EventEmitter {
  #client;
  #lit = false;

  constructor(name) {
    super();
    this.name = name;
  }

  open(address) {
    this.#client = mqtt.open(address, undefined, 5000);
    if (!this.#client) {
      throw mqtt.lastError;
    }
    this.#client.on('message', ({ topic, message }) => this.#obey(topic.split('/').pop(), message.toString()));
    this.#client.on('disconnect', (error) => this.emit('lost', error));
    // The broker says `offline` for the lamp when it can no longer say so itself.
    const will = { will: true, topic: this.#topic('state'), message: 'offline', qos: 1, willRetain: true };
    this.#client.connect({ client: this.name, ...will }, () => {
      this.#client.subscribe(this.#topic('set'), { qos: 1 }, (error) => {
        if (error) {
          this.emit('lost', error);
          return;
        }
        this.#tell();
        this.emit('ready');
      });
    });
  }

  close() {
    this.#client.publish(this.#topic('state'), 'offline', { qos: 1, retain: true }, () => this.#client.close());
  }

  get lit() {
    return this.#lit;
  }

  #topic(what) {
    return `home/${this.name}/${what}`;
  }

  #tell() {
    this.#client.publish(this.#topic('state'), this.#lit ? 'on' : 'off', { qos: 1, retain: true });
  }

  #obey(what, value) {
    if (!['on', 'off', 'toggle'].includes(value)) {
      this.emit('refused', value);
      return;
    }
    this.#lit = value === 'toggle' ? !this.#lit : value === 'on';
    this.#tell();
    this.emit('switched', this.#lit);
  }
}

const lamp = new Lamp('lamp');
lamp.on('ready', () => console.log('watching'));
lamp.on('switched', (on) => console.log(on ? 'light' : 'dark'));
lamp.on('refused', (value) => console.log(`what is ${value}?`));
lamp.on('lost', (error) => {
  console.log('lost:', error.message);
  process.exit(1);
});
lamp.open(socket.sockaddr(host, Number(port)));
