# Finds RabbitMQ 3.10, for scripts that read this from the repository's folder: the installed one, or the one that ci/install-test-tools
# unpacked into .tools/rabbitmq. It sets base, the folder of the server, and the environment in which that and Erlang run. What it has to
# write goes to $folder, which several scripts may share.
base=$(echo /usr/lib/rabbitmq/lib/rabbitmq_server-3.10.*)
if [ ! -d "$base" ]; then
	root=$folder/unpacked # RabbitMQ does not start under a path with blanks
	[ -e "$root" ] || ln -sn "$PWD/.tools/rabbitmq" "$root" 2>/dev/null || [ -e "$root" ]
	base=$(echo "$root"/usr/lib/rabbitmq/lib/rabbitmq_server-3.10.*)
	export LD_LIBRARY_PATH=$root/usr/lib/$(uname -m)-linux-gnu
	erlang=$root/usr/lib/erlang
	export ERL_LIBS=$erlang/lib # parts of Erlang may be installed, and the others are here
	PATH=$root/usr/bin:$PATH
	if [ -f "$erlang/bin/erl" ]; then # which has the folder written in that it would be installed in
		mkdir -p "$folder/bin"
		cat >"$folder/bin/erl.$$" <<END
#!/bin/sh
export ROOTDIR='$erlang' BINDIR='$(echo "$erlang"/erts-*)/bin' EMU=beam PROGNAME=erl
exec "\$BINDIR/erlexec" "\$@"
END
		chmod +x "$folder/bin/erl.$$"
		mv "$folder/bin/erl.$$" "$folder/bin/erl" # at once, for others run it
		PATH=$folder/bin:$erlang/bin:$PATH
	fi
fi
if [ ! -d "$base" ]; then
	echo "RabbitMQ 3.10 is not installed; make test gets it on Debian 12" >&2
	exit 1
fi
