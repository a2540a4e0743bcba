/* Drives libmosquitto (MQTT 3.1.1) with its own thread; see package drive for how
 * a driver is called.
 * cc -O2 -o libmosquitto main.c -lmosquitto -lpthread -ldl */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <mosquitto.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WINDOW = 100, OWN = 20, UNBOUNDED = 65535 }; /* OWN: the library's default */

static const char *work, *host;
static int port, size, tls, window = WINDOW, own;
static long want, got; /* messages or acknowledgements */
static sem_t places, done, connected;
static double *trips;
static char *payload;

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void must(int code, const char *what)
{
	if (code == MOSQ_ERR_SUCCESS)
		return;
	fprintf(stderr, "%s: %s\n", what, mosquitto_strerror(code));
	exit(1);
}

static void on_connect(struct mosquitto *m, void *o, int code)
{
	(void)m; (void)o;
	must(code ? MOSQ_ERR_CONN_REFUSED : 0, "connect");
	sem_post(&connected);
}

static void on_publish(struct mosquitto *m, void *o, int id)
{
	(void)m; (void)o; (void)id;
	if (!strcmp(work, "pub0")) { /* told of QoS 0, too; the fence is the last */
		if (++got == want + 1)
			sem_post(&done);
	} else if (!strcmp(work, "rtt1")) {
		sem_post(&done);
	} else if (!strncmp(work, "pub", 3)) {
		sem_post(&places);
		if (++got == want)
			sem_post(&done);
	}
}

static void on_message(struct mosquitto *m, void *o, const struct mosquitto_message *msg)
{
	(void)m; (void)o;
	if (msg->payloadlen != size)
		return;
	if (!strcmp(work, "rtt0") || ++got == want)
		sem_post(&done);
}

static void on_subscribe(struct mosquitto *m, void *o, int id, int n, const int *granted)
{
	(void)m; (void)o; (void)id; (void)n; (void)granted;
	if (!strcmp(work, "rtt0"))
		sem_post(&done);
}

static struct mosquitto *dial(const char *id)
{
	struct mosquitto *m = mosquitto_new(id, true, NULL);
	if (!m)
		must(MOSQ_ERR_NOMEM, "new");
	if (tls)
		must(mosquitto_tls_set(m, getenv("BENCH_CA"), NULL, NULL, NULL, NULL), "tls");
	mosquitto_connect_callback_set(m, on_connect);
	mosquitto_publish_callback_set(m, on_publish);
	mosquitto_message_callback_set(m, on_message);
	mosquitto_subscribe_callback_set(m, on_subscribe);
	if (!own)
		mosquitto_max_inflight_messages_set(m, window);
	must(mosquitto_connect(m, host, port, 60), "connect");
	must(mosquitto_loop_start(m), "loop");
	sem_wait(&connected);
	return m;
}

static void publish(struct mosquitto *m, const char *topic, int qos)
{
	must(mosquitto_publish(m, NULL, topic, size, payload, qos, false), "publish");
}

static void publish_all(struct mosquitto *m, long n)
{
	int qos = work[3] - '0';
	for (long i = 0; i < n; i++) {
		if (qos > 0)
			sem_wait(&places);
		publish(m, "bench/topic", qos);
	}
	if (qos == 0)
		must(mosquitto_publish(m, NULL, "fence", 0, NULL, 1, false), "publish");
	sem_wait(&done);
}

static void receive_all(struct mosquitto *m, long n)
{
	char topic[80];
	static int floods;
	snprintf(topic, sizeof topic, "flood/%c/%d/%ld/%d", work[4], size, n, ++floods);
	must(mosquitto_subscribe(m, NULL, topic, work[4] - '0'), "subscribe");
	sem_wait(&done);
}

static void trip_all(struct mosquitto *m, long n)
{
	int echo = work[3] == '0';
	for (long i = 0; i < n; i++) {
		double start = now();
		publish(m, echo ? "echo" : "bench/topic", !echo);
		sem_wait(&done);
		trips[i] = now() - start;
	}
}

static void messages(struct mosquitto *m, long n)
{
	got = 0;
	want = n;
	if (!strncmp(work, "pub", 3))
		publish_all(m, n);
	else if (!strncmp(work, "recv", 4))
		receive_all(m, n);
	else
		trip_all(m, n);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static void finish(double secs, long n, int timed)
{
	printf("{\"secs\":%f,\"n\":%ld", secs, n);
	if (!strncmp(work, "pub", 3) && work[3] != '0')
		printf(",\"inFlight\":%d", window);
	if (timed) {
		qsort(trips, n, sizeof *trips, compare);
		printf(",\"p50_us\":%f,\"p99_us\":%f", trips[n / 2] * 1e6, trips[n * 99 / 100] * 1e6);
	}
	printf("}\n");
	fflush(stdout);
	while (getchar() != EOF)
		;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "version")) {
		int major, minor, patch;
		mosquitto_lib_version(&major, &minor, &patch);
		printf("%d.%d.%d\n", major, minor, patch);
		Dl_info info;
		if (dladdr((void *)mosquitto_lib_version, &info))
			printf("%s\n", info.dli_fname);
		return 0;
	}
	if (argc != 6)
		return 2;
	work = argv[1];
	tls = !strncmp(argv[2], "tls", 3);
	host = strstr(argv[2], "://") + 3;
	char *colon = strchr(host, ':');
	*colon = 0;
	port = atoi(colon + 1);
	size = atoi(argv[3]);
	long warm = atol(argv[4]), n = atol(argv[5]);
	payload = calloc(1, size + 1);
	trips = calloc((warm > n ? warm : n) + 1, sizeof *trips);
	mosquitto_lib_init();
	if (strstr(work, "-window")) {
		window = atoi(getenv("BENCH_N"));
		own = window == 0;
		if (own)
			window = OWN; /* the rest waits in the library */
	}
	sem_init(&places, 0, own ? UNBOUNDED : window);
	sem_init(&done, 0, 0);
	sem_init(&connected, 0, 0);
	struct mosquitto *m = dial("bench");
	if (!strcmp(work, "rtt0")) {
		must(mosquitto_subscribe(m, NULL, "echo", 0), "subscribe");
		sem_wait(&done);
	}
	if (warm > 0)
		messages(m, warm);
	printf("begin\n");
	fflush(stdout);
	double start = now();
	messages(m, n);
	finish(now() - start, n, !strncmp(work, "rtt", 3));
	return 0;
}
