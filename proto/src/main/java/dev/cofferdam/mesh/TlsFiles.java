package dev.cofferdam.mesh;

import java.nio.file.Path;

/**
 * PEM files of an identity; read again when they change, without a failed call.
 *
 * @param certificate certificate chain, leaf first
 * @param key PKCS #8 private key
 * @param trust certificates of the authorities that are trusted
 */
public record TlsFiles(Path certificate, Path key, Path trust) {}
