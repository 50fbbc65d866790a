"""What followed from earlier loans with us, month by month: POS, instalments, cards."""
