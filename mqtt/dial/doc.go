// Package dial turns the URL of a broker into a connection: TCP, TLS and unix
// sockets. It knows nothing of MQTT packets.
package dial
