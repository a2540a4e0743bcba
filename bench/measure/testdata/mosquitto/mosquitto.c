/* cc -shared -fPIC -DMAJOR=9 -o libmosquitto.so.1 -Wl,-soname,libmosquitto.so.1 mosquitto.c */
int mosquitto_lib_version(int *major, int *minor, int *revision)
{
	*major = MAJOR;
	*minor = 8;
	*revision = 7;
	return 0;
}

#define NOTHING(name) void *mosquitto_##name(void) { return 0; }
NOTHING(lib_init) NOTHING(strerror) NOTHING(new) NOTHING(connect) NOTHING(loop_start)
NOTHING(max_inflight_messages_set) NOTHING(tls_set) NOTHING(publish) NOTHING(subscribe)
NOTHING(connect_callback_set) NOTHING(publish_callback_set)
NOTHING(message_callback_set) NOTHING(subscribe_callback_set)
