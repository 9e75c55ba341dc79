/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For the static command alone: what libxml2 would drag in and must never use. It asks ICU for encodings that it does not know itself,
 * and ICU is 30 MB of tables and C++. A description is UTF-8 (config/text.h), so no other encoding is ever asked for; if one were, this
 * says that there is none. The names are ICU's own; its header gives them the number of its version. And it can fetch documents by HTTP,
 * for which it looks up hosts, which a static program needs glibc's shared libraries for: nothing is ever fetched, and no host is found.
 */
#include <netdb.h>
#include <stddef.h>
#include <unicode/ucnv.h>

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **ret)
{
    (void)node, (void)service, (void)hints, (void)ret;
    return EAI_FAIL;
}

void freeaddrinfo(struct addrinfo *list)
{
    (void)list;
}

struct hostent *gethostbyname(const char *name)
{
    (void)name;
    return NULL;
}

UConverter *ucnv_open(const char *name, UErrorCode *err)
{
    (void)name;
    *err = U_UNSUPPORTED_ERROR;
    return NULL;
}

void ucnv_close(UConverter *converter)
{
    (void)converter;
}

void ucnv_convertEx(UConverter *to, UConverter *from, char **target, const char *target_end,
                    const char **source, const char *source_end, UChar *pivot_start,
                    UChar **pivot_source, UChar **pivot_target, const UChar *pivot_end, UBool reset,
                    UBool flush, UErrorCode *err)
{
    (void)to, (void)from, (void)target, (void)target_end, (void)source, (void)source_end;
    (void)pivot_start, (void)pivot_source, (void)pivot_target, (void)pivot_end;
    (void)reset, (void)flush;
    *err = U_UNSUPPORTED_ERROR;
}

void ucnv_setFromUCallBack(UConverter *converter, UConverterFromUCallback action,
                           const void *context, UConverterFromUCallback *ret_action,
                           const void **ret_context, UErrorCode *err)
{
    (void)converter, (void)action, (void)context, (void)ret_action, (void)ret_context;
    *err = U_UNSUPPORTED_ERROR;
}

void ucnv_setToUCallBack(UConverter *converter, UConverterToUCallback action, const void *context,
                         UConverterToUCallback *ret_action, const void **ret_context,
                         UErrorCode *err)
{
    (void)converter, (void)action, (void)context, (void)ret_action, (void)ret_context;
    *err = U_UNSUPPORTED_ERROR;
}

void UCNV_FROM_U_CALLBACK_STOP(const void *context, UConverterFromUnicodeArgs *args,
                               const UChar *units, int32_t length, UChar32 point,
                               UConverterCallbackReason reason, UErrorCode *err)
{
    (void)context, (void)args, (void)units, (void)length, (void)point, (void)reason;
    *err = U_UNSUPPORTED_ERROR;
}

void UCNV_TO_U_CALLBACK_STOP(const void *context, UConverterToUnicodeArgs *args, const char *units,
                             int32_t length, UConverterCallbackReason reason, UErrorCode *err)
{
    (void)context, (void)args, (void)units, (void)length, (void)reason;
    *err = U_UNSUPPORTED_ERROR;
}
