// What librdkafka is to know about the system and which of its features are built in; stands in for its ./configure.
#ifndef KASOCKI_DEPS_LIBRDKAFKA_CONFIG_H_
#define KASOCKI_DEPS_LIBRDKAFKA_CONFIG_H_

// Features.
#define WITH_SSL 1
#define WITH_ZLIB 1
#define WITH_SNAPPY 1
#define WITH_ZSTD 1
#define WITH_ZSTD_STATIC 1
#define WITH_HDRHISTOGRAM 1
#define WITH_SASL_SCRAM 1
#define WITH_SASL_OAUTHBEARER 1
#define BUILT_WITH "SSL ZLIB SNAPPY ZSTD HDRHISTOGRAM SASL_PLAIN SASL_SCRAM SASL_OAUTHBEARER"

// Left out: curl (OIDC), cyrus (Kerberos), syslog, and plugins, which could not find librdkafka's symbols in the addon.
#define WITH_CURL 0
#define WITH_OAUTHBEARER_OIDC 0
#define WITH_SASL_CYRUS 0
#define WITH_SYSLOG 0
#define WITH_LIBDL 0
#define WITH_PLUGINS 0
#define ENABLE_DEVEL 0

// The compiler: gcc's atomics, which clang has as well.
#define HAVE_ATOMICS_32 1
#define HAVE_ATOMICS_32_ATOMIC 1
#define HAVE_ATOMICS_64 1
#define HAVE_ATOMICS_64_ATOMIC 1
#define ATOMIC_OP32(OP1, OP2, PTR, VAL) __atomic_##OP1##_##OP2(PTR, VAL, __ATOMIC_SEQ_CST)
#define ATOMIC_OP64(OP1, OP2, PTR, VAL) __atomic_##OP1##_##OP2(PTR, VAL, __ATOMIC_SEQ_CST)
#define ATOMIC_OP(OP1, OP2, PTR, VAL) __atomic_##OP1##_##OP2(PTR, VAL, __ATOMIC_SEQ_CST)
#if defined(__x86_64__)
#define WITH_CRC32C_HW 1  // chosen at run time
#endif

// The system. C11 threads came to glibc with 2.28 only: librdkafka's own layer on pthreads runs everywhere.
#define WITH_C11THREADS 0
#define HAVE_REGEX 1
#define HAVE_RAND_R 1
#define HAVE_STRNDUP 1
#define HAVE_STRERROR_R 1
#define HAVE_STRCASESTR 1
#define HAVE_GETRUSAGE 1
#if defined(__APPLE__)
#define HAVE_PTHREAD_SETNAME_DARWIN 1
#define SOLIB_EXT ".dylib"
#else
#define HAVE_PTHREAD_SETNAME_GNU 1
#define SOLIB_EXT ".so"
#endif

#endif  // KASOCKI_DEPS_LIBRDKAFKA_CONFIG_H_
