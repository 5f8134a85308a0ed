/*
 * Preloaded into linux.uml: lets a kernel that knows 832 bytes of a process's extended state (x87, SSE, AVX) run where the processor has more.
 *
 * User-mode Linux moves the registers of its guests' processes with ptrace, the extended ones (regset NT_X86_XSTATE) in a buffer of 832 bytes. The
 * host accepts a write only of the whole area that this processor has, which AVX-512, AMX and protection keys make larger. Here such a
 * transfer is made whole: a read hands on the first bytes of the area; a write lays the kernel's bytes over what the traced process has, and leaves
 * the components behind them as they are. Where the area is no larger than the buffer, nothing changes.
 *
 * The components behind are therefore not saved per guest process: nothing in the guest may use them (see in_uml.py: NARROW).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	NT_X86_XSTATE = 0x202,
	LARGEST_AREA = 1 << 16,
	LEGACY_BYTES = 512, /* of FXSAVE; the header of XSAVE follows, which begins with the bitmap of components in use */
};

static const uint64_t KEPT_BY_THE_KERNEL = 7; /* x87, SSE, AVX */

/* Lay the first `size` bytes of an area over a whole one, whose components beyond those that the kernel keeps stay in use. */
void lay_over(unsigned char *whole, const unsigned char *part, size_t size)
{
	uint64_t before, given;

	memcpy(&before, whole + LEGACY_BYTES, sizeof before);
	memcpy(whole, part, size);
	if (size < LEGACY_BYTES + sizeof given)
		return;
	memcpy(&given, whole + LEGACY_BYTES, sizeof given);
	given = (given & KEPT_BY_THE_KERNEL) | (before & ~KEPT_BY_THE_KERNEL);
	memcpy(whole + LEGACY_BYTES, &given, sizeof given);
}

static long transfer_state(long request, pid_t pid, struct iovec *asked)
{
	static unsigned char area[LARGEST_AREA];
	struct iovec whole = {area, sizeof area};

	if (syscall(SYS_ptrace, (long)PTRACE_GETREGSET, pid, (long)NT_X86_XSTATE, &whole) < 0)
		return -1;
	if (asked->iov_len > whole.iov_len)
		asked->iov_len = whole.iov_len;
	if (request == PTRACE_SETREGSET) {
		lay_over(area, asked->iov_base, asked->iov_len);
		return syscall(SYS_ptrace, request, pid, (long)NT_X86_XSTATE, &whole);
	}
	memcpy(asked->iov_base, area, asked->iov_len);
	return 0;
}

/* The C library's ptrace, as its manual describes it: a PEEK returns the word that it read. */
long ptrace(enum __ptrace_request request, ...)
{
	va_list arguments;
	long word, failed;

	va_start(arguments, request);
	pid_t pid = va_arg(arguments, pid_t);
	void *where = va_arg(arguments, void *);
	void *data = va_arg(arguments, void *);
	va_end(arguments);
	if ((request == PTRACE_GETREGSET || request == PTRACE_SETREGSET) && where == (void *)NT_X86_XSTATE)
		return transfer_state(request, pid, data);
	if (request != PTRACE_PEEKTEXT && request != PTRACE_PEEKDATA && request != PTRACE_PEEKUSER)
		return syscall(SYS_ptrace, (long)request, pid, where, data);
	failed = syscall(SYS_ptrace, (long)request, pid, where, &word);
	if (failed < 0)
		return failed;
	errno = 0;
	return word;
}
