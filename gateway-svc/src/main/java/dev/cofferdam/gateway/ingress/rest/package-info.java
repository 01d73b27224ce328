/**
 * What the REST APIs share: who asks, bodies and their bounds, answers as one object or as
 * server-sent events, and how many generations make one answer.
 */
@NullMarked
package dev.cofferdam.gateway.ingress.rest;

import org.jspecify.annotations.NullMarked;
