"""A site's own fields: a sign-up form with one of each type, and their place in
the user. Off unless a scenario asks for it, with ACCOUNT_SIGNUP_FORM_CLASS and
HEADLESS_ADAPTER."""

from datetime import date
from typing import Any

from allauth.headless.adapter import DefaultHeadlessAdapter
from django import forms
from django.core.validators import MinValueValidator, RegexValidator
from django.http import HttpRequest

from refserver.models import User


class SignupForm(forms.Form):
    # In alphabetical order, in which Vestibule reads them.
    age = forms.IntegerField(min_value=18, max_value=99, required=False)
    born = forms.DateField(
        input_formats=["%Y-%m-%d"],
        validators=[MinValueValidator(date(1900, 1, 1))],
        required=False,
    )
    color = forms.ChoiceField(choices=[("red", "Red"), ("blue", "Blue")])
    news = forms.BooleanField(required=False)
    nick = forms.CharField(min_length=2, max_length=5)
    slug = forms.CharField(
        validators=[RegexValidator(r"\A[a-z]+\Z")], required=False
    )
    terms = forms.BooleanField()

    def signup(self, request: HttpRequest, user: User) -> None:
        values = {name: self.cleaned_data[name] for name in SignupForm.base_fields}
        born = values["born"]
        user.profile = values | {"born": born.isoformat() if born else None}
        user.save()


class HeadlessAdapter(DefaultHeadlessAdapter):
    def serialize_user(self, user: User) -> dict[str, Any]:
        # A text without a value is "" in Django.
        own = {name: value or None for name, value in user.profile.items()}
        switches = {name: bool(own.get(name)) for name in ("news", "terms")}
        return super().serialize_user(user) | own | switches
