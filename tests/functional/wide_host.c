/*
 * Preloaded into linux.uml, behind extended_state.c if that is under test: a host whose processor has more extended state than this one.
 *
 * A read of NT_X86_XSTATE gives 2,048 bytes more than there are, filled and marked as in use; a write of less than the whole is refused with EFAULT, as
 * hosts with AVX-512 do, and so is one that did not bring the additional bytes back.
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

enum { NT_X86_XSTATE = 0x202, MORE = 2048, FILLED = 0x5a, LEGACY_BYTES = 512 };

static const uint64_t MORE_IN_USE = 0xe0; /* the three components of AVX-512 */

static long in_kernel(long number, long a, long b, long c, long d, long e, long f)
{
	long result;
	register long fourth __asm__("r10") = d;
	register long fifth __asm__("r8") = e;
	register long sixth __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
			 : "rcx", "r11", "memory");
	if (result >= 0 || result < -4095)
		return result;
	errno = (int)-result;
	return -1;
}

static long trace(long request, long pid, long where, void *data)
{
	return in_kernel(SYS_ptrace, request, pid, where, (long)data, 0, 0);
}

static long refuse(void)
{
	errno = EFAULT;
	return -1;
}

static long wide(long request, long pid, struct iovec *asked)
{
	static unsigned char area[1 << 16];
	struct iovec real = {area, sizeof area - MORE};
	uint64_t used;

	if (trace(PTRACE_GETREGSET, pid, NT_X86_XSTATE, &real) < 0)
		return -1;
	if (request == PTRACE_GETREGSET) {
		memset(area + real.iov_len, FILLED, MORE);
		memcpy(&used, area + LEGACY_BYTES, sizeof used);
		used |= MORE_IN_USE;
		memcpy(area + LEGACY_BYTES, &used, sizeof used);
		if (asked->iov_len > real.iov_len + MORE)
			asked->iov_len = real.iov_len + MORE;
		memcpy(asked->iov_base, area, asked->iov_len);
		return 0;
	}
	if (asked->iov_len != real.iov_len + MORE)
		return refuse();
	memcpy(area, asked->iov_base, real.iov_len);
	memcpy(&used, area + LEGACY_BYTES, sizeof used);
	for (size_t at = 0; at < MORE; at++)
		if (((unsigned char *)asked->iov_base)[real.iov_len + at] != FILLED || (used & MORE_IN_USE) != MORE_IN_USE)
			return refuse();
	used &= ~MORE_IN_USE;
	memcpy(area + LEGACY_BYTES, &used, sizeof used);
	return trace(PTRACE_SETREGSET, pid, NT_X86_XSTATE, &real);
}

/* How extended_state.c reaches the kernel, and user-mode Linux too for much else. */
long syscall(long number, ...)
{
	va_list arguments;
	long given[6];

	va_start(arguments, number);
	for (int at = 0; at < 6; at++)
		given[at] = va_arg(arguments, long);
	va_end(arguments);
	if (number == SYS_ptrace && given[2] == NT_X86_XSTATE)
		return wide(given[0], (pid_t)given[1], (struct iovec *)given[3]);
	return in_kernel(number, given[0], given[1], given[2], given[3], given[4], given[5]);
}

/* What the kernel calls where extended_state.c is not before this. */
long ptrace(enum __ptrace_request request, ...)
{
	va_list arguments;
	long word, failed;

	va_start(arguments, request);
	pid_t pid = va_arg(arguments, pid_t);
	long where = va_arg(arguments, long);
	void *data = va_arg(arguments, void *);
	va_end(arguments);
	if (request != PTRACE_PEEKTEXT && request != PTRACE_PEEKDATA && request != PTRACE_PEEKUSER)
		return syscall(SYS_ptrace, (long)request, (long)pid, where, data);
	failed = syscall(SYS_ptrace, (long)request, (long)pid, where, &word);
	if (failed < 0)
		return failed;
	errno = 0;
	return word;
}
