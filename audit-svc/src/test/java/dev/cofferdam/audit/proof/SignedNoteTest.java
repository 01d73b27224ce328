package dev.cofferdam.audit.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import org.junit.jupiter.api.Test;

class SignedNoteTest {
  /** The example of Go's golang.org/x/mod/sumdb/note. */
  private static final String KEY =
      "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

  private static final String NOTE =
      """
      If you think cryptography is the answer to your problem,
      then you don't know what your problem is.

      \u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
      """;

  private static NoteSigner signer(String name) {
    try {
      KeyPair keys = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
      return new NoteSigner(name, keys);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aNoteOfAnotherImplementationOpens() {
    NoteVerifier verifier = NoteVerifier.parse(KEY);
    assertThat(verifier.text()).isEqualTo(KEY);
    assertThat(verifier.open(NOTE)).hasValueSatisfying(text -> assertThat(text).endsWith("is.\n"));
    assertThat(verifier.open(NOTE.replace("cryptography", "Cryptography"))).isEmpty();
  }

  @Test
  void aSignedCheckpointOpensAndReadsBack() {
    NoteSigner signer = signer("mesh.example/audit");
    Checkpoint checkpoint = new Checkpoint("mesh.example/audit", 42, TreeHash.leaf(new byte[] {7}));
    String note = signer.sign(checkpoint.text());
    NoteVerifier verifier = NoteVerifier.parse(signer.verifier().text());
    assertThat(verifier.open(note).map(Checkpoint::parse)).contains(checkpoint);
    assertThat(note.lines().toList().get(0)).isEqualTo("mesh.example/audit");
    assertThat(note.lines().toList().get(1)).isEqualTo("42");
    assertThat(note.lines().toList().get(3)).isEmpty();
    assertThat(note.lines().toList().get(4)).startsWith("\u2014 mesh.example/audit ");
  }

  @Test
  void aNoteOfAnotherKeyOrWithoutSignatureDoesNotOpen() {
    NoteSigner signer = signer("a");
    String note = signer.sign("text\n");
    assertThat(signer("a").verifier().open(note)).isEmpty();
    assertThat(signer("b").verifier().open(note)).isEmpty();
    assertThat(signer.verifier().open("text\n")).isEmpty();
    assertThat(signer.verifier().open("text\n\n\u2014 a AAAA\n")).isEmpty();
    assertThat(signer.verifier().open("text\n\n\u2014 a not base64\n")).isEmpty();
  }

  @Test
  void everyChangedBitOfANoteIsFound() {
    NoteSigner signer = signer("a");
    String text = "log\n7\nroot\n";
    String note = signer.sign(text);
    for (int i = 0; i < text.length(); i++) {
      for (int bit = 0; bit < 7; bit++) {
        char changed = (char) (text.charAt(i) ^ (1 << bit));
        String forged = text.substring(0, i) + changed + note.substring(i + 1);
        assertThat(signer.verifier().open(forged)).isEmpty();
      }
    }
  }

  @Test
  void malformedCheckpointsAndKeysAreRefused() {
    assertThatThrownBy(() -> Checkpoint.parse("log\n-1\nAAAA\n"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Checkpoint.parse("log\n01\nAAAA\n"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Checkpoint.parse("log\n1\nAAAA\n"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> NoteVerifier.parse(KEY.replace("c74f20a3", "c74f20a4")))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
