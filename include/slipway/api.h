/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every other public header needs: export marking and attribute names. No types of its own. */
#ifndef SLIPWAY_API_H
#define SLIPWAY_API_H

#ifdef __cplusplus
#define SLIP_BEGIN_DECLS extern "C" {
#define SLIP_END_DECLS   }
#else
#define SLIP_BEGIN_DECLS
#define SLIP_END_DECLS
#endif

#if defined(__GNUC__)
#define SLIP_API               __attribute__((visibility("default")))
#define SLIP_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define SLIP_MUST_CHECK        __attribute__((warn_unused_result))
#else
#define SLIP_API
#define SLIP_PRINTF(fmt, args)
#define SLIP_MUST_CHECK
#endif

#endif
