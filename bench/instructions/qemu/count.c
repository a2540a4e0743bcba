// A plugin of QEMU's emulator of single programs: it counts the instructions of each thread. What is declared here is
// of the interface for plugins, version 1, as QEMU 7.2 has it; Debian 12 packages neither a header nor a plugin.
//
//   qemu-aarch64 -plugin count.so,out=PROFILE PROGRAM
//
// writes PROFILE-0, PROFILE-1 and so on with the two lines that matter of what callgrind writes for a thread.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct block;
struct instruction;

extern size_t qemu_plugin_tb_n_insns(const struct block *b);
extern struct instruction *qemu_plugin_tb_get_insn(const struct block *b, size_t i);
extern const char *qemu_plugin_insn_symbol(const struct instruction *i);
extern void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*translated)(uint64_t id, struct block *b));
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct block *b, void (*executed)(unsigned thread, void *data), int flags, void *data);
extern void qemu_plugin_register_atexit_cb(uint64_t id, void (*ended)(uint64_t id, void *data), void *data);

int qemu_plugin_version = 1;

enum { THREADS = 256 };

static uint64_t counts[THREADS];
static char monitors[THREADS]; // threads that run the function of Go's runtime that wakes up by time
static char profile[4096];

static void count(unsigned thread, void *size)
{
	if (thread < THREADS)
		counts[thread] += (uintptr_t)size;
}

static void note_monitor(unsigned thread, void *unused)
{
	if (thread < THREADS)
		monitors[thread] = 1;
}

static void translated(uint64_t id, struct block *b)
{
	const char *symbol = qemu_plugin_insn_symbol(qemu_plugin_tb_get_insn(b, 0));
	qemu_plugin_register_vcpu_tb_exec_cb(b, count, 0, (void *)(uintptr_t)qemu_plugin_tb_n_insns(b));
	if (symbol && strcmp(symbol, "runtime.sysmon") == 0)
		qemu_plugin_register_vcpu_tb_exec_cb(b, note_monitor, 0, NULL);
}

static void ended(uint64_t id, void *unused)
{
	for (int i = 0; i < THREADS; i++) {
		char name[sizeof profile + 16];
		FILE *out;
		if (counts[i] == 0)
			continue;
		snprintf(name, sizeof name, "%s-%d", profile, i);
		out = fopen(name, "w");
		if (!out) {
			perror(name); // who reads the profiles misses it
			continue;
		}
		if (monitors[i])
			fprintf(out, "fn=(1) runtime.sysmon\n");
		fprintf(out, "totals: %" PRIu64 "\n", counts[i]);
		fclose(out);
	}
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	if (argc != 1 || strncmp(argv[0], "out=", 4) != 0 || strlen(argv[0]) >= sizeof profile) {
		fprintf(stderr, "count.so: call it as -plugin count.so,out=PROFILE\n");
		return 1;
	}
	strcpy(profile, argv[0] + 4);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
	return 0;
}
