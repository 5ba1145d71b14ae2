"""Operations compiled once, and answered without an executor."""
