/** Signed tokens (JWT, RFC 7519) and the keys of their issuer (JWKS, RFC 7517). */
@NullMarked
package dev.cofferdam.gateway.identity.jose;

import org.jspecify.annotations.NullMarked;
