/* What the driver uses of libmosquitto, so that it can be built with a library which does
 * nothing but say its version. */
#include <stdbool.h>
#include <stddef.h>

enum { MOSQ_ERR_SUCCESS, MOSQ_ERR_NOMEM, MOSQ_ERR_CONN_REFUSED = 5 };

struct mosquitto;
struct mosquitto_message {
	int mid;
	char *topic;
	void *payload;
	int payloadlen;
	int qos;
	bool retain;
};

int mosquitto_lib_version(int *major, int *minor, int *revision);
int mosquitto_lib_init(void);
const char *mosquitto_strerror(int code);
struct mosquitto *mosquitto_new(const char *id, bool clean, void *obj);
int mosquitto_connect(struct mosquitto *m, const char *host, int port, int keepalive);
int mosquitto_loop_start(struct mosquitto *m);
int mosquitto_max_inflight_messages_set(struct mosquitto *m, unsigned n);
int mosquitto_tls_set(struct mosquitto *m, const char *ca, const char *path, const char *cert, const char *key,
	int (*pw)(char *, int, int, void *));
int mosquitto_publish(struct mosquitto *m, int *id, const char *topic, int size, const void *payload, int qos, bool retain);
int mosquitto_subscribe(struct mosquitto *m, int *id, const char *filter, int qos);
void mosquitto_connect_callback_set(struct mosquitto *m, void (*f)(struct mosquitto *, void *, int));
void mosquitto_publish_callback_set(struct mosquitto *m, void (*f)(struct mosquitto *, void *, int));
void mosquitto_message_callback_set(struct mosquitto *m, void (*f)(struct mosquitto *, void *, const struct mosquitto_message *));
void mosquitto_subscribe_callback_set(struct mosquitto *m, void (*f)(struct mosquitto *, void *, int, int, const int *));
