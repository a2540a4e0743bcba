// Package dial turns the URL of a broker into a connection: TCP, TLS and unix
// sockets, and WebSocket when the program imports [dunlin/mqtt/dial/ws]. It knows
// nothing of MQTT packets. Package [dunlin/mqtt/dial/proxy] goes through proxies.
package dial
